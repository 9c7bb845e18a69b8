"""The smallest files of each network: an experiment's setting and its control, with three seeds.

``python -m benchmarks.networks EXPERIMENT …`` compresses with the setting of each experiment of
``conf/experiment`` and with magnitude pruning in the place of the retraining (same epochs, same
distillation, same quantisation, same file; the better of two rates), and writes
``results/<experiment>/compression.json`` with the file of least validation error beside it,
``best.sws``. Settings were chosen on validation data; the test errors are those of what was chosen.
A seed decides the order of the batches and the views of the images; the reference network is one.
"""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.inputs import load_inputs
from benchmarks.record import RESULTS, write_result
from core.codec import write_file
from core.compress import CompressConfig, compress
from core.methods import MethodConfig, MethodName, PruningConfig
from core.outcome import CompressionOutcome
from core.runtime import use_one_thread
from search.compression import compress_config
from search.configuration import SoftshareConfig, compose, with_params

SEEDS = (1, 2, 3)
CONTROL_RATES = (0.25, 1.0)  # of ours: the control gets the better one on the first seed
MODULE = "networks"

Compress = Callable[[CompressConfig], CompressionOutcome]


def trial_config(config: SoftshareConfig, seed: int) -> CompressConfig:
    """Return what a trial of an experiment compresses with, its batches drawn with ``seed``."""
    trial = compress_config(config)
    return replace(trial, retrain=replace(trial.retrain, seed=seed, stop_hopeless=False))


def run(
    config: SoftshareConfig, seeds: Sequence[int], compress_with: Compress
) -> list[CompressionOutcome]:
    """Compress once a seed."""
    outcomes = []
    for seed in seeds:
        outcome = compress_with(trial_config(config, seed))
        print(
            f"  seed {seed}: {outcome.file_bytes} B, {outcome.compression_rate:.0f}x, validation "
            f"{outcome.validation_error:.2%}",  # the test error is for the record, not for choosing
            flush=True,
        )
        outcomes.append(outcome)
    return outcomes


def rows(outcomes: Sequence[CompressionOutcome]) -> dict[str, Any]:
    """Return the outcomes of all seeds, their means and their spread."""
    names = (
        "file_bytes",
        "compression_rate",
        "han_compression_rate",
        "nonzero_fraction",
        "validation_error",
        "test_error",
        "seconds",
    )
    columns = {
        name: [round(float(getattr(o, name)), 6) for o in outcomes]  # bytes are whole numbers
        for name in names
    }
    return {
        "seeds": list(SEEDS),
        "mean": {name: round(statistics.mean(values), 6) for name, values in columns.items()},
        "standard_deviation": {
            name: round(statistics.stdev(values), 6) for name, values in columns.items()
        },
        **columns,
    }


def table_1(measured: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that the report's Table 1 takes from a result: means over the seeds."""
    shifted = measured["images_shifted_by"]
    methods = {
        "soft_weight_sharing": "softshare",
        "magnitude_pruning_control": "magnitude pruning, control",
    }
    means = {key: measured[key]["mean"] for key in methods}
    return [
        {
            "network": measured["network"],
            "method": method + (f", images shifted by {shifted}" if shifted else ""),
            "num_parameters": measured["float32_bytes"] // 4,
            "error_before": measured["reference_test_error"],
            "error_after": means[key]["test_error"],
            "nonzero_fraction": means[key]["nonzero_fraction"],
            "han_compression_rate": means[key]["han_compression_rate"],
            "compression_rate": means[key]["compression_rate"],
            "file_bytes": means[key]["file_bytes"],
            "num_seeds": len(SEEDS),
        }
        for key, method in methods.items()
    ]


def measure(experiment: str) -> Path:
    """Run one experiment and its control, and write what came out."""
    config = compose([f"experiment={experiment}"])
    reference, data = load_inputs(config)
    print(experiment, flush=True)
    ours = run(config, SEEDS, lambda trial: compress(reference, data, trial))
    best = min(ours, key=lambda outcome: outcome.validation_error)
    nonzero_fraction = statistics.mean(outcome.nonzero_fraction for outcome in ours)
    pruning = MethodConfig(
        name=MethodName.magnitude_pruning,
        magnitude_pruning=PruningConfig(sparsity=1 - nonzero_fraction),
    )

    def control_at(config: SoftshareConfig, seeds: Sequence[int]) -> list[CompressionOutcome]:
        print(f" control, rate {config.retrain.lr_weights:g}", flush=True)
        return run(
            config,
            seeds,
            lambda trial: compress(reference, data, replace(trial, method=pruning)),
        )

    configs = [
        with_params(config, {"retrain.lr_weights": share * config.retrain.lr_weights})
        for share in CONTROL_RATES
    ]
    first = [control_at(config, SEEDS[:1]) for config in configs]
    chosen = min(range(len(first)), key=lambda index: first[index][0].validation_error)
    control = first[chosen] + control_at(configs[chosen], SEEDS[1:])
    folder = RESULTS / experiment
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "best.sws", best.file)
    measured = {
        "network": config.model.name,
        "float32_bytes": reference.float32_bytes,
        "reference_validation_error": reference.validation_error,
        "reference_test_error": reference.test_error,
        "images_shifted_by": config.retrain.augment_shift,
        "soft_weight_sharing": rows(ours),
        "magnitude_pruning_control": rows(control)
        | {"lr_weights": configs[chosen].retrain.lr_weights},
        "best_file": {
            "path": f"results/{experiment}/best.sws",
            "seed": SEEDS[ours.index(best)],
            "file_bytes": best.file_bytes,
            "validation_error": best.validation_error,
            "test_error": best.test_error,
        },
    }
    return write_result(
        f"{experiment}/compression",
        list(SEEDS),
        measured | {"table_1": table_1(measured)},
        MODULE,
    )


def main() -> None:
    use_one_thread()
    for experiment in sys.argv[1:]:
        print(f"written to {measure(experiment)}", flush=True)


if __name__ == "__main__":
    main()
