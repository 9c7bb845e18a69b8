"""Settles what dead workers left: expired slots, and trials that nobody works on any more.

A trial given up in the middle is told to Optuna as failed, marked as interrupted, and its
parameters are enqueued again; it does not count towards the study's trials.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState
from sqlalchemy import String, cast, select, update

from search.checkpoints import has_checkpoint_of
from search.records import ENQUEUED, INTERRUPTED, RECORD, RETRY_OF, TrialState, trial_state
from search.schema import (
    SlotTable,
    StudyTable,
    database_seconds,
    optuna_trial_attributes,
    optuna_trials,
)
from search.slots import SlotState, fence_expired, settle
from search.study import OpenStudy

MAX_RETRIES = 3
"""How often the parameters of a trial whose worker died are tried again: they may be the cause."""

_REAPER_SECONDS = 30.0

_logger = logging.getLogger(__name__)


def reap(study: OpenStudy) -> None:
    """Settle every expired slot and interrupt every running trial that no slot holds.

    One process at a time; the others pass. What dies half-way is done again by the next.
    """
    with _reaper_lease(study) as mine:
        if not mine:
            return
        # Read before the slots: a trial asked for later cannot be taken for an abandoned one.
        running = _running_trials(study)
        for slot in fence_expired(study.storage, study.study_id):
            is_finished = False
            if slot.trial_number is not None:
                reason = "its worker was not heard of for the length of its lease"
                is_finished = interrupt(study, slot.trial_number, reason, is_worker_dead=True)
            settle(study.storage, slot, is_finished=is_finished)
        for number in _abandoned(study, running):
            reason = "its worker ended before the trial had begun"
            interrupt(study, number, reason, is_worker_dead=True)


def interrupt(study: OpenStudy, number: int, reason: str, *, is_worker_dead: bool = False) -> bool:
    """Give a trial up and enqueue its parameters again, unless it finished in the meantime.

    May be done again after it was broken off at any point. The caller must hold the trial's slot
    or be the reaper, so that no two processes do it at once.

    Args:
        study: the study.
        number: the trial.
        reason: why, for the record.
        is_worker_dead: count this against the parameters, see ``MAX_RETRIES``.

    Returns:
        Whether the trial had finished, and counts.
    """
    storage = study.storage.optuna_storage
    trial_id = storage.get_trial_id_from_study_id_trial_number(study.optuna_study_id, number)
    trial = storage.get_trial(trial_id)
    if trial.state is OptunaState.RUNNING:
        try:
            storage.set_trial_user_attr(trial_id, INTERRUPTED, reason)
            storage.set_trial_state_values(trial_id, OptunaState.FAIL)
            _logger.info("trial %d was interrupted: %s", number, reason)
        except UpdateFinishedTrialError:
            pass  # its worker was faster
        trial = storage.get_trial(trial_id)
    state = trial_state(trial.state.name, INTERRUPTED in trial.user_attrs)
    if state is not TrialState.interrupted:
        return True
    _enqueue_again(study, trial, is_worker_dead)
    return False


def _enqueue_again(study: OpenStudy, trial: FrozenTrial, is_worker_dead: bool) -> None:
    enqueued: dict[str, Any] = trial.user_attrs.get(ENQUEUED, {})
    params = {**enqueued.get("params", {}), **trial.params}
    origin = enqueued.get("origin", trial.number)
    # A worker that came to a checkpoint did not die of the parameters alone.
    has_moved = has_checkpoint_of(study, origin, trial.number)
    num_retries = is_worker_dead + (0 if has_moved else enqueued.get("num_retries", 0))
    if not params or num_retries > MAX_RETRIES or _is_enqueued_again(study, trial.number):
        return
    again = {**enqueued, "params": params, "num_retries": num_retries}
    if RECORD in trial.user_attrs:  # with its seed it is the same compression, and may go on
        again |= {"origin": origin, "seed": trial.user_attrs[RECORD]["seed"]}
    study.optuna_study.enqueue_trial(params, user_attrs={ENQUEUED: again, RETRY_OF: trial.number})


def _is_enqueued_again(study: OpenStudy, number: int) -> bool:
    query = (
        select(optuna_trials.c.number)
        .join(
            optuna_trial_attributes,
            optuna_trials.c.trial_id == optuna_trial_attributes.c.trial_id,
        )
        .where(
            optuna_trials.c.study_id == study.optuna_study_id,
            optuna_trial_attributes.c.key == RETRY_OF,
            optuna_trial_attributes.c.value_json == json.dumps(number),
        )
    )
    with study.storage.read() as connection:
        return connection.execute(query).first() is not None


def _running_trials(study: OpenStudy) -> set[int]:
    query = select(optuna_trials.c.number).where(
        optuna_trials.c.study_id == study.optuna_study_id,
        cast(optuna_trials.c.state, String) == "RUNNING",
    )
    with study.storage.read() as connection:
        return set(connection.execute(query).scalars())


def _abandoned(study: OpenStudy, running: set[int]) -> set[int]:
    """Return those of the running trials that no slot holds.

    A worker that dies between asking for a trial and noting it in its slot leaves such a trial.
    One that lives is in that gap for a moment too; while any is, nothing is called abandoned.
    """
    query = select(SlotTable.trial_number).where(
        SlotTable.study_id == study.study_id, SlotTable.state == SlotState.leased
    )
    with study.storage.read() as connection:
        held = set(connection.execute(query).scalars())
    return set() if None in held else running - held


@contextmanager
def _reaper_lease(study: OpenStudy) -> Iterator[bool]:
    mine = StudyTable.id == study.study_id
    with study.storage.write() as connection:
        taken = connection.execute(
            update(StudyTable)
            .where(mine, StudyTable.reaper_until < database_seconds())
            .values(reaper_until=database_seconds() + _REAPER_SECONDS)
        )
    if taken.rowcount == 0:
        yield False
        return
    try:
        yield True
    finally:
        with study.storage.write() as connection:
            connection.execute(update(StudyTable).where(mine).values(reaper_until=0.0))
