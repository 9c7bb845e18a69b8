"""What came out of each schedule that a trial was tried on: the rungs of successive halving.

Rows stand under the number of a trial's first attempt, so that whoever takes a trial over knows
which rungs lie behind it.
"""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from core.compress import num_epochs
from core.outcome import CompressionOutcome
from search.compression import compress_config
from search.configuration import SoftshareConfig, with_params
from search.conversion import leaves, tree_of
from search.halving import WHOLE, cap_of_schedule, goes_on
from search.methods import METHOD
from search.pareto import Objectives
from search.schema import RungTable
from search.space import SearchSpace
from search.study import OpenStudy

_PHASES = ("shrinking.num_epochs", "retrain.num_epochs", "post_processing.fine_tuning_epochs")


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A schedule that trials are tried on.

    Attributes:
        number: its place, from 0.
        schedule: fraction of the epochs.
    """

    number: int
    schedule: float

    @property
    def is_last(self) -> bool:
        """Whether it is the whole schedule."""
        return self.schedule == WHOLE


def rungs_of(study: OpenStudy) -> tuple[Rung, ...]:
    """Return the schedules of a study from the shortest to the whole one."""
    halving = study.config.halving
    ladder = halving.ladder(sum(study.count_slots().values())) if halving.schedules else (WHOLE,)
    return tuple(Rung(number=number, schedule=schedule) for number, schedule in enumerate(ladder))


def on_schedule(config: SoftshareConfig, rung: Rung) -> SoftshareConfig:
    """Return a trial's configuration with the epochs of every phase cut to a rung's schedule."""
    if rung.is_last:
        return config
    whole = dict(leaves(tree_of(config)))
    shorter = {key: min(whole[key], max(1, round(whole[key] * rung.schedule))) for key in _PHASES}
    return with_params(config, shorter)


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


def note_outcome(study: OpenStudy, rung: Rung, origin: int, outcome: CompressionOutcome) -> None:
    """Note what a trial came to that goes no further."""
    with study.storage.write() as connection:
        _note(connection, study, rung, origin, outcome, climbs=False)


def note_and_decide(
    study: OpenStudy, rung: Rung, origin: int, outcome: CompressionOutcome, *, is_wanted: bool
) -> bool:
    """Note what came out of a rung, and decide whether the trial goes on to the next.

    Where methods are searched it is compared with the trials of its own.

    Args:
        study: the trial's.
        rung: where it is, before the last.
        origin: number of the first attempt at it.
        outcome: what came out.
        is_wanted: whether somebody asked for this trial, which then goes on in any case.
    """
    config = study.config
    compared = _of_the_same_method(study, origin)
    with study.storage.write() as connection:
        tried = _tried(connection, study, rung.schedule, compared)
        whole = _tried(connection, study, WHOLE, compared)
        tried[origin] = Objectives(outcome.accuracy_loss, outcome.compression_rate, origin)
        cap = cap_of_schedule(tried, whole, config.score.max_accuracy_loss)
        climbs = is_wanted or goes_on(origin, list(tried.values()), config.halving.factor, cap)
        _note(connection, study, rung, origin, outcome, climbs=climbs)
    return climbs


def _of_the_same_method(study: OpenStudy, origin: int) -> frozenset[int] | None:
    """Return the numbers of the trials that a trial is compared with, None for all.

    What a short schedule costs differs from method to method, so each competes among its own.
    """
    if not SearchSpace(study.config.space).searches_methods:
        return None
    trials = study.optuna_study.get_trials(deepcopy=False)
    methods = {trial.number: trial.params.get(METHOD) for trial in trials}
    return frozenset(number for number in methods if methods[number] == methods.get(origin))


def _tried(
    connection: Connection, study: OpenStudy, schedule: float, compared: frozenset[int] | None
) -> dict[int, Objectives]:
    rows = connection.execute(
        select(RungTable.origin, RungTable.accuracy_loss, RungTable.compression_rate).where(
            RungTable.study_id == study.study_id, RungTable.schedule == schedule
        )
    )
    return {
        row.origin: Objectives(row.accuracy_loss, row.compression_rate, row.origin)
        for row in rows
        if compared is None or row.origin in compared
    }


def _note(
    connection: Connection,
    study: OpenStudy,
    rung: Rung,
    origin: int,
    outcome: CompressionOutcome,
    *,
    climbs: bool,
) -> None:
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
