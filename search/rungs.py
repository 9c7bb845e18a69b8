"""What came out of each schedule that a trial was tried on: the rungs of successive halving.

Rows stand under the number of a trial's first attempt, so that whoever takes a trial over knows
which rungs lie behind it.
"""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from core.compress import num_epochs
from core.outcome import CompressionOutcome
from search.compression import compress_config
from search.configuration import SoftshareConfig, with_params
from search.halving import cap_of_schedule, goes_on
from search.pareto import Objectives
from search.schema import RungTable
from search.study import OpenStudy

_PHASES = ("shrinking.num_epochs", "retrain.num_epochs", "post_processing.fine_tuning_epochs")


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A schedule that trials are tried on.

    Attributes:
        number: its place, from 0.
        schedule: fraction of the epochs.
        is_last: whether it is the whole schedule.
    """

    number: int
    schedule: float
    is_last: bool


def rungs_of(study: OpenStudy) -> tuple[Rung, ...]:
    """Return the schedules of a study from the shortest to the whole one."""
    num_trials = sum(study.count_slots().values())
    ladder = study.config.halving.ladder(num_trials)
    last = len(ladder) - 1
    return tuple(
        Rung(number=number, schedule=schedule, is_last=number == last)
        for number, schedule in enumerate(ladder)
    )


def on_schedule(config: SoftshareConfig, rung: Rung) -> SoftshareConfig:
    """Return a trial's configuration with the epochs of every phase cut to a rung's schedule."""
    if rung.is_last:
        return config
    shrinking, retraining, fine_tuning = (
        config.shrinking.num_epochs,
        config.retrain.num_epochs,
        config.post_processing.fine_tuning_epochs,
    )
    shorter = [
        min(epochs, max(1, round(epochs * rung.schedule)))
        for epochs in (shrinking, retraining, fine_tuning)
    ]
    return with_params(config, dict(zip(_PHASES, shorter, strict=True)))


def epochs_of(config: SoftshareConfig) -> int:
    """Return the epochs of all phases of a trial."""
    return num_epochs(compress_config(config))


def has_gone_on(study: OpenStudy, rung: Rung, origin: int) -> bool:
    """Return whether a trial has left a rung behind for the next one."""
    with study.storage.read() as connection:
        went_on = connection.execute(
            select(RungTable.goes_on).where(
                RungTable.study_id == study.study_id,
                RungTable.rung == rung.number,
                RungTable.origin == origin,
            )
        ).scalar()
    return bool(went_on)


def note_outcome(
    study: OpenStudy, rung: Rung, origin: int, outcome: CompressionOutcome, *, is_wanted: bool
) -> bool:
    """Note what came out of a rung, and decide whether the trial goes on to the next.

    Args:
        study: the trial's.
        rung: where it is.
        origin: number of the first attempt at it.
        outcome: what came out.
        is_wanted: whether somebody asked for this trial, which then goes on in any case.
    """
    mine = Objectives(outcome.accuracy_loss, outcome.compression_rate, origin)
    with study.storage.write() as connection:
        rows = connection.execute(
            select(
                RungTable.schedule,
                RungTable.origin,
                RungTable.accuracy_loss,
                RungTable.compression_rate,
            ).where(RungTable.study_id == study.study_id, RungTable.schedule >= rung.schedule)
        ).all()
        tried: dict[float, dict[int, Objectives]] = {rung.schedule: {}, 1.0: {}}
        for row in rows:
            tried.setdefault(row.schedule, {})[row.origin] = Objectives(
                row.accuracy_loss, row.compression_rate, row.origin
            )
        here = tried[rung.schedule]
        here[origin] = mine
        cap = cap_of_schedule(here, tried[1.0], study.config.score.max_accuracy_loss)
        climbs = not rung.is_last and (
            is_wanted or goes_on(origin, list(here.values()), study.config.halving.factor, cap)
        )
        key = {"study_id": study.study_id, "origin": origin, "rung": rung.number}
        connection.execute(delete(RungTable).filter_by(**key))
        connection.execute(
            insert(RungTable).values(
                **key,
                schedule=rung.schedule,
                accuracy_loss=outcome.accuracy_loss,
                compression_rate=outcome.compression_rate,
                goes_on=climbs,
            )
        )
    return climbs
