"""The methods of the field side by side: equal training, equal search, the bytes at given errors.

``python -m benchmarks.methods EXPERIMENT [TRIALS] [SEEDS]`` runs, for each method and each seed, a
study of its own with the epochs, the distillation, the reference network and the file format of an
experiment of ``conf/experiment``, and writes ``results/<experiment>/methods.json``. A study first
tries the method as it is configured, then its policy proposes within ``conf/method``. Told are, for
each level of error, the smallest file whose validation error is at most that, and its test error,
which nothing was chosen by; means over the seeds that have reached the level. Published figures
stand beside them in their own accounting. Studies are kept and resumed
(``benchmarks.kept_studies``).

Equal is the budget, not the care: the defaults of soft weight-sharing were looked for over months,
those of the others are their papers' or a first guess, and all the search knows is these ranges.
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.inputs import load_inputs
from benchmarks.kept_studies import finished_study
from benchmarks.record import write_result
from core.method_names import MethodName
from dashboards.published import published_for, published_otherwise
from search.configuration import compose
from search.judging import efforts
from search.records import StudySnapshot, TrialRecord, TrialState

LEVELS = {
    "lenet_300_100": (0.010, 0.015, 0.019, 0.025),
    "lenet_5_caffe": (0.008, 0.010, 0.012),
}
"""Errors at which the methods are compared, fractions, by network."""

NUM_TRIALS = 24
NUM_SEEDS = 3
MEASURED = ("file_bytes", "test_error", "validation_error", "han_compression_rate")


def smallest_at(snapshot: StudySnapshot, level: float) -> TrialRecord | None:
    """Return the trial with the smallest file whose validation error is at most a level."""
    reached = [
        trial
        for trial in snapshot.finished
        if trial.state is TrialState.complete
        and trial.validation_error is not None
        and trial.validation_error <= level
    ]
    return min(reached, key=lambda trial: (trial.file_bytes or 0, trial.number), default=None)


def at_level(snapshots: Sequence[StudySnapshot], level: float) -> dict[str, Any]:
    """Return what the studies of one method, one a seed, come to at a level of error."""
    found = [trial for s in snapshots if (trial := smallest_at(s, level)) is not None]
    columns = {name: [float(getattr(trial, name)) for trial in found] for name in MEASURED}
    told: dict[str, Any] = {"level": level, "num_seeds_reached": len(found)}
    for name, values in columns.items():
        told[name] = {
            "mean": round(statistics.mean(values), 6) if values else None,
            "standard_deviation": round(statistics.stdev(values), 6) if len(values) > 1 else None,
            "values": [round(value, 6) for value in values],
        }
    return told


def searched(experiment: str, method: str, seed: int, num_trials: int, cap: float) -> StudySnapshot:
    """Run or resume the study of a method and a seed, and return it.

    Args:
        experiment: names a file of ``conf/experiment``.
        method: the method's name.
        seed: of the study.
        num_trials: trials that are to finish.
        cap: accuracy loss that the search may not exceed, a fraction.
    """
    overrides = [
        f"experiment={experiment}",
        f"method={method}",
        f"study.seed={seed}",
        "study.settings=[best_known]",
        f"score.max_accuracy_loss={cap}",
    ]
    return finished_study(f"methods-{experiment}-{method}-{seed}", num_trials, overrides)[1]


def measure(experiment: str, num_trials: int, num_seeds: int) -> dict[str, Any]:
    """Run or resume all studies of an experiment, and return what they came to."""
    config = compose([f"experiment={experiment}"])
    reference, _ = load_inputs(config)
    levels = LEVELS[config.model.name]
    # What loses more than the last level needs no looking for.
    cap = round(max(0.001, max(levels) - reference.validation_error), 4)
    methods = {}
    for name in (method.value for method in MethodName):
        seeds = range(1, num_seeds + 1)
        snapshots = [searched(experiment, name, seed, num_trials, cap) for seed in seeds]
        taken = [efforts(snapshot)[name] for snapshot in snapshots]
        methods[name] = {
            "levels": [at_level(snapshots, level) for level in levels],
            "efforts": [asdict(effort) for effort in taken],
        }
        reached = {
            f"{100 * level['level']:g} %": level["file_bytes"]["mean"]
            for level in methods[name]["levels"]
        }
        print(f"{name}: {reached}", flush=True)
    return {
        "network": config.model.name,
        "num_trials": num_trials,
        "max_accuracy_loss": cap,
        "reference_validation_error": reference.validation_error,
        "reference_test_error": reference.test_error,
        "methods": methods,
        "published": [
            asdict(point)
            for point in (
                *published_for(config.model.name),
                *published_otherwise(config.model.name),
            )
        ],
    }


def main() -> None:
    experiment = sys.argv[1] if len(sys.argv) > 1 else "lenet_300_100"
    num_trials = int(sys.argv[2]) if len(sys.argv) > 2 else NUM_TRIALS
    num_seeds = int(sys.argv[3]) if len(sys.argv) > 3 else NUM_SEEDS
    seeds = list(range(1, num_seeds + 1))
    measured = measure(experiment, num_trials, num_seeds)
    print(f"written to {write_result(f'{experiment}/methods', seeds, measured, 'methods')}")


if __name__ == "__main__":
    main()
