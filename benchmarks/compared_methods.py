"""What the methods of the field come to side by side: at given errors, as data, table and front."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.reference import ReferenceNetwork
from dashboards.published import published_for, published_otherwise
from search.methods import title_of
from search.records import TrialRecord, TrialState

LEVELS = {
    "lenet_300_100": (0.010, 0.015, 0.019, 0.025),
    "lenet_5_caffe": (0.008, 0.010, 0.012),
}
"""Errors at which the methods are compared, fractions, by network."""

MEASURED = ("file_bytes", "test_error", "validation_error", "han_compression_rate")


@dataclass(frozen=True, kw_only=True)
class ComparedTrial:
    """What a comparison keeps of a finished trial; errors are fractions in [0, 1].

    Attributes:
        state: how it ended.
        params: what was proposed, natural values by config key.
        file_bytes: bytes of its file; None where it has none, as in all that follows.
        validation_error: of the decoded file's network.
        test_error: the same on test data.
        han_compression_rate: the paper's accounting, of the weights only.
        epochs: passes over the training data that it took.
    """

    state: str
    params: dict[str, Any]
    file_bytes: int | None
    validation_error: float | None
    test_error: float | None
    han_compression_rate: float | None
    epochs: int | None

    @classmethod
    def of(cls, trial: TrialRecord) -> "ComparedTrial":
        """Take over what is compared of a trial's record."""
        return cls(
            state=trial.state.value,
            params=trial.params,
            file_bytes=trial.file_bytes,
            validation_error=trial.validation_error,
            test_error=trial.test_error,
            han_compression_rate=trial.han_compression_rate,
            epochs=trial.epochs,
        )


Studies = dict[str, dict[int, list[ComparedTrial]]]
"""Finished trials in the order of their ends, by method and by seed."""


def smallest_at(trials: Sequence[ComparedTrial], level: float) -> ComparedTrial | None:
    """Return the trial with the smallest file whose validation error is at most a level."""
    reached = [
        trial
        for trial in trials
        if trial.state == TrialState.complete
        and trial.validation_error is not None
        and trial.validation_error <= level
    ]
    return min(reached, key=lambda trial: trial.file_bytes or 0, default=None)


def at_level(studies: Sequence[Sequence[ComparedTrial]], level: float) -> dict[str, Any]:
    """Return what the studies of one method, one a seed, come to at a level of error."""
    found = [trial for trials in studies if (trial := smallest_at(trials, level)) is not None]
    columns = {name: [float(getattr(trial, name)) for trial in found] for name in MEASURED}
    told: dict[str, Any] = {"level": level, "num_seeds_reached": len(found)}
    for name, values in columns.items():
        told[name] = {
            "mean": round(statistics.mean(values), 6) if values else None,
            "standard_deviation": round(statistics.stdev(values), 6) if len(values) > 1 else None,
            "values": [round(value, 6) for value in values],
        }
    return told


def compared(
    studies: Mapping[int, Sequence[ComparedTrial]], num_trials: int, levels: Sequence[float]
) -> dict[str, Any]:
    """Return what the studies of one method, by seed, come to within a budget of trials.

    All their trials are kept, those beyond the budget too.
    """
    within = {seed: list(trials[:num_trials]) for seed, trials in sorted(studies.items())}
    spent = [trial for trials in within.values() for trial in trials]
    return {
        "levels": [at_level(list(within.values()), level) for level in levels],
        "epochs": sum(trial.epochs or 0 for trial in spent),
        "trials": {
            str(seed): [asdict(trial) for trial in trials]
            for seed, trials in sorted(studies.items())
        },
    }


def told(
    studies: Studies,
    network: str,
    reference: ReferenceNetwork,
    num_trials: int,
    cap: float,
    changed: Sequence[str],
) -> dict[str, Any]:
    """Return the comparison as it stands.

    Args:
        studies: what has been run.
        network: the name of the network.
        reference: the network that is compressed.
        num_trials: of each study.
        cap: accuracy loss that the searches might not exceed.
        changed: overrides of the experiment.
    """
    return {
        "network": network,
        "num_trials": num_trials,
        "max_accuracy_loss": cap,
        "overrides": list(changed),
        "reference_validation_error": reference.validation_error,
        "reference_test_error": reference.test_error,
        "methods": {
            name: compared(by_seed, num_trials, LEVELS[network])
            for name, by_seed in studies.items()
        },
        "published": [
            asdict(point) for point in (*published_for(network), *published_otherwise(network))
        ],
    }


def markdown(measured: Mapping[str, Any]) -> str:
    """Return a comparison as a table, as ``docs/methods.md`` has it.

    Args:
        measured: what ``told`` returned.
    """
    levels = LEVELS[measured["network"]]
    rows = [["method", *(f"{100 * level:.1f} %" for level in levels)], ["---"] * (len(levels) + 1)]
    for name, method in measured["methods"].items():
        cells = [_cell(level, len(method["trials"])) for level in method["levels"]]
        rows.append([title_of(name), *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(level: Mapping[str, Any], num_seeds: int) -> str:
    reached = level["num_seeds_reached"]
    if not reached:
        return ""
    mean = f"{level['file_bytes']['mean']:,.0f}"
    return mean if reached == num_seeds else f"{mean} ({reached})"
