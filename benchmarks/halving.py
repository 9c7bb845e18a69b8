"""Short schedules: how much they say about whole ones, and how far a search comes with them.

``python -m benchmarks.halving`` measures, on real trials of LeNet-300-100 on MNIST,

- the fidelity: trials that all run a quarter, a half and the whole of their schedule; how the ranks
  on a shorter one, or in the course of the whole one, agree with the ranks of the files at its end;
- the search: halved studies with three seeds, stopped at the compute of 40 whole trials, beside
  random search with 200 (the study of ``benchmarks.hyperparameters``), by the hypervolume of the
  feasible front. No study here is given a known setting to begin with.

Compute is counted in epochs. Every study is kept and resumed (``benchmarks.kept_studies``).
"""

import statistics
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import select

from benchmarks.hyperparameters import RANDOM
from benchmarks.kept_studies import finished_study, in_order, storage_of
from benchmarks.record import write_result
from dashboards.figures.trends import rank_correlation
from search.configuration import SoftshareConfig, compose
from search.halving import best_first
from search.hypervolume import hypervolume
from search.pareto import Objectives
from search.progress import latest_epochs
from search.records import StudySnapshot, TrialRecord
from search.rungs import epochs_of
from search.schema import RungTable, StudyTable
from search.storage import open_storage

SEEDS = (1, 2, 3)
NUM_RANDOM = 200
BUDGET = 40  # whole trials
NUM_HALVED = 75  # enough to spend the budget
FIDELITY = [
    "study.settings=[]",
    "study.seed=11",
    "halving.schedules=[0.25,0.5]",
    "halving.factor=1",
    "halving.min_trials=1",
]
NUM_FIDELITY = 30
HALVED = ["study.settings=[]", "halving=quarter"]
PLACES = (0.25, 0.5, 0.75, 0.9)  # in the retraining of the whole schedule
BEST_SHARE = 1 / 3


def outcomes_by_schedule(name: str) -> dict[float, dict[int, Objectives]]:
    """Return what came out of each schedule, by trial."""
    storage = open_storage(compose([storage_of(name)]).storage, create=False)
    with storage.read() as connection:
        rows = connection.execute(
            select(RungTable.__table__)
            .join(StudyTable, StudyTable.id == RungTable.study_id)
            .where(StudyTable.name == name)
        ).all()
    storage.close()
    found: dict[float, dict[int, Objectives]] = {}
    for row in rows:
        point = Objectives(row.accuracy_loss, row.compression_rate, row.origin)
        found.setdefault(row.schedule, {})[row.origin] = point
    return found


def agreement(
    early: Sequence[Objectives], whole: Sequence[Objectives], cap: float
) -> dict[str, float]:
    """Return how the ranks of the same trials agree, early and at the end."""
    end = {point.number: point for point in whole}
    early = [point for point in early if point.number in end]
    pairs = [(point, end[point.number]) for point in early]
    order, at_the_end = best_first(early, cap), best_first([end for _, end in pairs], cap)
    num_best = max(1, round(BEST_SHARE * len(pairs)))
    columns = {
        "accuracy_loss": [(one.accuracy_loss, other.accuracy_loss) for one, other in pairs],
        "compression_rate": [
            (one.compression_rate, other.compression_rate) for one, other in pairs
        ],
        "order": [(order.index(n), at_the_end.index(n)) for n in order],
    }
    return {
        "num_trials": len(pairs),
        **{
            f"rank_correlation_of_{name}": round(
                rank_correlation(*np.array(column, dtype=np.float64).T), 3
            )
            for name, column in columns.items()
        },
        "best_third_found": round(
            len(set(order[:num_best]) & set(at_the_end[:num_best])) / num_best, 3
        ),
    }


def fidelity() -> dict[str, Any]:
    """Measure what shorter schedules, and parts of the whole one, say about its end."""
    config, snapshot = finished_study("fidelity", NUM_FIDELITY, FIDELITY)
    tried = outcomes_by_schedule("fidelity")
    whole = list(tried[1.0].values())
    cap = config.score.max_accuracy_loss
    measured: dict[str, Any] = {
        "overrides": FIDELITY,
        "schedules": {
            str(schedule): agreement(list(tried[schedule].values()), whole, cap)
            for schedule in sorted(tried)
            if schedule < 1
        },
    }
    shorter = {trial.number: trial.whole_epochs or 0 for trial in snapshot.trials}
    retraining = config.retrain.num_epochs
    places = {}
    for place in PLACES:
        early = []
        for epoch in snapshot.epochs:
            total = epoch.num_epochs - shorter.get(epoch.trial, 0)  # epochs of shorter schedules
            if total > 0 and epoch.epoch - total == round(place * retraining):
                loss = epoch.validation_error - snapshot.study.reference.validation_error
                early.append(Objectives(loss, epoch.estimated_compression_rate, epoch.trial))
        places[str(place)] = agreement(early, whole, cap)
    return {**measured, "unsnapped_in_the_whole_schedule": places}


def course(
    config: SoftshareConfig, snapshot: StudySnapshot, max_epochs: float
) -> tuple[float, int, list[TrialRecord]]:
    """Return the hypervolume within a budget, the epochs spent on it, and its trials."""
    epochs = {number: epoch.epoch for number, epoch in latest_epochs(snapshot.epochs).items()}
    spent, within = 0, []
    for trial in in_order(snapshot):
        if spent + epochs.get(trial.number, 0) > max_epochs:
            break
        spent += epochs.get(trial.number, 0)
        within.append(trial)
    points = [
        Objectives(trial.accuracy_loss, trial.compression_rate, trial.number)
        for trial in within
        if trial.accuracy_loss is not None and trial.compression_rate is not None
    ]
    return hypervolume(points, config.score.max_accuracy_loss), spent, within


def searches(seeds: Sequence[int]) -> dict[str, Any]:
    """Compare halved studies of the budget with a random one of five times as much."""
    config, snapshot = finished_study("random", NUM_RANDOM, RANDOM)
    whole = epochs_of(config)
    area, spent, trials = course(config, snapshot, float("inf"))
    half, _, _ = course(config, snapshot, BUDGET * whole)
    rows: list[dict[str, Any]] = [
        {
            "search": "random",
            "seed": config.study.seed,
            "num_trials": len(trials),
            "epochs": spent,
            "hypervolume": round(area, 4),
            "hypervolume_at_the_budget": round(half, 4),
        }
    ]
    for seed in seeds:
        overrides = [*HALVED, f"study.seed={seed}"]
        config, snapshot = finished_study(f"halved-{seed}", NUM_HALVED, overrides)
        area, spent, trials = course(config, snapshot, BUDGET * whole)
        rows.append(
            {
                "search": "halved",
                "seed": seed,
                "num_trials": len(trials),
                "whole": sum(trial.schedule == 1 for trial in trials),
                "epochs": spent,
                "compute_saved": round(1 - spent / (whole * len(trials)), 3),
                "hypervolume": round(area, 4),
            }
        )
    halved = [row["hypervolume"] for row in rows if row["search"] == "halved"]
    return {
        "overrides": HALVED,
        "budget_epochs": BUDGET * whole,
        "rows": rows,
        "halved_mean_hypervolume": round(statistics.mean(halved), 4) if halved else None,
    }


def main() -> None:
    seeds = [int(word) for word in sys.argv[1:]] or list(SEEDS)
    measured = {"fidelity": fidelity(), "searches": searches(seeds)}
    path = write_result("halving", seeds, measured)
    for row in measured["searches"]["rows"]:
        print(row)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
