"""The quickstart study as ``results/quickstart.json`` has it, so that pages can show its results.

Its front is told with the recorded numbers, and the file of its best trial is the recorded one. Of
the other trials nothing is on record: they end without a result.
"""

import json
import threading
from pathlib import Path
from typing import Any

from core.networks import build_network
from core.outcome import CompressionOutcome, OnEpoch
from core.reference import ReferenceNetwork
from core.retraining import RetrainingStopped
from search.configuration import SoftshareConfig, compose
from search.storage import open_storage
from search.study import open_study
from search.worker import Worker
from tests.docs.pages import ROOT

BEST_FILE = ROOT / "results/quickstart/best.sws"


def write_recorded_study(folder: Path) -> None:
    """Write the study into ``runs/softshare.db`` below a folder, where commands look for it."""
    pareto = json.loads((ROOT / "results/quickstart.json").read_text())["measured"]["pareto"]
    recorded = {point["trial"]: point for point in pareto["points"]}
    config = compose(["experiment=quickstart", f"runs_dir={folder}/runs"])
    numbers = iter(range(config.study.num_trials))

    def told(_config: SoftshareConfig, _on_epoch: OnEpoch) -> CompressionOutcome:
        point = recorded.get(next(numbers))
        if point is None:
            raise RetrainingStopped("not on the recorded front")
        return _outcome(point)

    storage = open_storage(config.storage)
    study = open_study(storage, config, _reference(pareto["reference"], config.model.name))
    Worker(study, told, threading.Event()).run()
    storage.close()


def _reference(recorded: dict[str, Any], name: str) -> ReferenceNetwork:
    network = build_network(name)
    return ReferenceNetwork(
        network_name=name,
        state=dict(network.state_dict()),
        validation_error=recorded["validation_error"],
        test_error=recorded["test_error"],
        num_parameters=recorded["num_parameters"],
    )


def _outcome(point: dict[str, Any]) -> CompressionOutcome:
    best = BEST_FILE.read_bytes()
    file = best if len(best) == point["file_bytes"] else bytes(point["file_bytes"])
    return CompressionOutcome(
        file=file,
        validation_error=point["validation_error"],
        test_error=point["test_error"],
        accuracy_loss=point["accuracy_loss"],
        float32_bytes=round(point["compression_rate"] * point["file_bytes"]),
        compression_rate=point["compression_rate"],
        han_compression_rate=point["han_compression_rate"],
        nonzero_fraction=point["nonzero_fraction"],
        layers=(),
        seconds=0.0,
    )
