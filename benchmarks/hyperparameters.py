"""Which of the hyperparameters matter (paper, §6.2): random trials over the whole default space.

``python -m benchmarks.hyperparameters 200``. Random, so that no hyperparameter is tried more where
another is good; whole trials of LeNet-300-100 on MNIST. The study is kept and resumed
(``benchmarks.kept_studies``). Importances and rank correlations are those of the report's own
section, over all complete trials and over those that lose at most ``NEAR`` (where a search spends
its time: a collapsed network's rank says only that it has collapsed).
"""

import math
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.command_line import softshare
from benchmarks.kept_studies import finished_study, storage_of
from benchmarks.record import RESULTS, write_result
from dashboards.answer import answer
from dashboards.figures import importance_data, trends_data
from dashboards.points import points_of
from search.records import StudySnapshot, TrialState
from search.scoring import ScoreConfig

FIGURES = ("importance.svg", "figure-2-search.svg")
"""Of the study's report, kept where a browser draws them."""

RANDOM = ["study.policy=random", "study.settings=[]"]
NEAR = 0.03


def evidence(snapshot: StudySnapshot, score: ScoreConfig) -> dict[str, Any]:
    """Return what the report says of a study's hyperparameters, for programs."""
    importance = importance_data(snapshot, score)
    trends = trends_data(snapshot, points_of(snapshot, score), importance)
    return {
        "num_trials": importance.num_trials,
        "answer": answer(importance, trends),
        "chance": {
            "accuracy_loss": round(importance.accuracy_loss.chance, 4),
            "compression_rate": round(importance.compression_rate.chance, 4),
        },
        "hyperparameters": [
            {
                "key": trend.key,
                **{
                    name: {
                        "importance": round(of.importance, 4),
                        "is_important": of.is_important,
                        "rank_correlation": round(of.correlation, 3)
                        if math.isfinite(of.correlation)
                        else None,
                        "is_monotone": of.is_monotone,
                    }
                    for name, of in (
                        ("accuracy_loss", trend.accuracy_loss),
                        ("compression_rate", trend.compression_rate),
                    )
                },
            }
            for trend in trends
        ],
    }


def near(snapshot: StudySnapshot) -> StudySnapshot:
    """Return a study without the trials that lose more than ``NEAR``."""
    kept = tuple(
        trial
        for trial in snapshot.trials
        if trial.accuracy_loss is not None and trial.accuracy_loss <= NEAR
    )
    return replace(snapshot, trials=kept)


def keep_figures() -> None:
    """Copy the figures that show it out of the study's report."""
    folder = RESULTS / "hyperparameters"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as report:
        softshare("report", storage_of("random"), "study.name=random", f"to={report}")
        for name in FIGURES:
            drawn = Path(report) / "figures" / name
            if drawn.exists():
                shutil.copy(drawn, folder / name)
            else:
                print(f"no browser: {name} stays as it was")


def main() -> None:
    num_trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    config, snapshot = finished_study("random", num_trials, RANDOM)
    states = [trial.state for trial in snapshot.trials]
    measured: dict[str, Any] = {
        "overrides": RANDOM,
        "num_trials": num_trials,
        "complete": states.count(TrialState.complete),
        "stopped": states.count(TrialState.stopped),
        "failed": states.count(TrialState.failed),
        "all": evidence(snapshot, config.score),
        f"losing_at_most_{NEAR}": evidence(near(snapshot), config.score),
        "trials": [
            {
                "trial": trial.number,
                "params": trial.params,
                "accuracy_loss": trial.accuracy_loss,
                "file_bytes": trial.file_bytes,
            }
            for trial in snapshot.trials
            if trial.state is TrialState.complete
        ],
    }
    keep_figures()
    path = write_result("hyperparameters", [config.study.seed], measured)
    print(measured["all"]["answer"], f"written to {path}", sep="\n")


if __name__ == "__main__":
    main()
