"""How a trial ended, and the telling of it: whoever did the work, and however long ago.

The file and the record of a trial are stored before it is told: a told trial has all its data.
"""

import base64
import contextlib
import io
import json
import logging
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, create_trial
from optuna.trial import TrialState as OptunaState
from sqlalchemy import String, cast, select

from search.checkpoints import StoredCheckpoint, remove_checkpoints, store_checkpoint
from search.errors import LeaseLostError, StudyError
from search.outages import Patience
from search.records import ENQUEUED, INTERRUPTED, RECORD, TrialState, trial_state
from search.schema import optuna_trial_system_attributes, optuna_trials
from search.scoring import ACCURACY_CONSTRAINT
from search.slots import Slot, finish, renew
from search.study import OpenStudy
from search.trial_rows import write_attributes, writing_to_trial

_NAMES = uuid.UUID("6f1b2c58-9a0e-4f7d-8c43-2d5e7a90b316")  # ours, drawn once

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a trial ended, before anybody was told.

    Attributes:
        slot: what the trial ran in.
        trial_number: its number.
        origin: number of the first attempt at it.
        state: Optuna's name of how it ended: COMPLETE, PRUNED or FAIL.
        record: what is recorded of it, without its artifacts' names.
        epoch: epochs that were over.
        has_checkpoint: whether one may be stored, to be removed.
        values: the objectives, where it is complete.
        violation: of the accuracy cap, where that is known.
        file: the compressed file, where it is complete.
        trace: its trace, where it has one.
    """

    slot: Slot
    trial_number: int
    origin: int
    state: str
    record: dict[str, Any]
    epoch: int = 0
    has_checkpoint: bool = False
    values: list[float] | None = None
    violation: float | None = None
    file: bytes | None = None
    trace: bytes | None = None

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        tree = asdict(self)
        for name in ("file", "trace"):
            if tree[name] is not None:
                tree[name] = base64.b64encode(tree[name]).decode()
        return json.dumps(tree).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Ending":
        """Read what ``to_bytes`` returned.

        Raises:
            StudyError: it cannot be read.
        """
        try:
            tree = json.loads(content)
            for name in ("file", "trace"):
                if tree[name] is not None:
                    tree[name] = base64.b64decode(tree[name])
            return cls(**{**tree, "slot": Slot(**tree["slot"])})
        except (ValueError, KeyError, TypeError) as error:
            raise StudyError(f"the ending of a trial cannot be read: {error}") from error


def deliver(study: OpenStudy, ending: Ending, patiently: Patience) -> TrialState | None:
    """Tell how a trial ended and close its slot; may be done again after it was broken off.

    Where the slot is another's by now, the trial was given up: then whoever tries it again finds
    its ending and need not compute it again.

    Returns:
        How it ended, or None where it does not count.
    """
    try:
        return _tell(study, ending, patiently)
    except (LeaseLostError, UpdateFinishedTrialError) as lost:
        _logger.warning("trial %d does not count: %s", ending.trial_number, lost)
        patiently(lambda: _leave_to_successor(study, ending))
        return None


def deliver_left(study: OpenStudy, patiently: Patience) -> None:
    """Tell what workers on this machine finished and could not tell any more."""
    with study.spool.taking() as left:
        for content in left:
            try:
                ending = Ending.from_bytes(content)
            except StudyError as error:
                _logger.warning("%s; it is dropped", error)
                continue
            _logger.info("telling trial %d, finished before", ending.trial_number)
            deliver(study, ending, patiently)


def _tell(study: OpenStudy, ending: Ending, patiently: Patience) -> TrialState:
    storage = study.storage
    patiently(lambda: renew(storage, ending.slot))
    trial = patiently(lambda: find_trial(study, ending.trial_number))
    if trial.state == OptunaState.RUNNING.name:
        record = patiently(lambda: _store_files(study, ending))
        patiently(lambda: _note(study, trial.id, record, ending.violation))
        # From here on the lease lasts longer than telling takes, or it is lost and this raises.
        patiently(lambda: renew(storage, ending.slot))
        ended = patiently(lambda: _end(study, trial.id, ending))
    else:
        ended = patiently(lambda: _how_it_ended(study, trial.id))
    if ended is TrialState.interrupted:
        raise LeaseLostError(f"trial {ending.trial_number} was interrupted before it was told")
    # A slot lost at this point was closed by who took it: its trial is told.
    with contextlib.suppress(LeaseLostError):
        patiently(lambda: finish(storage, ending.slot))
    if ending.has_checkpoint:
        patiently(lambda: remove_checkpoints(study, ending.origin))
    return ended


@dataclass(frozen=True)
class FoundTrial:
    """A trial in Optuna's tables.

    Attributes:
        id: its key there.
        state: the name of its state there.
    """

    id: int
    state: str


def find_trial(study: OpenStudy, number: int) -> FoundTrial:
    """Return what Optuna's tables know a trial by."""
    with study.storage.read() as connection:
        row = connection.execute(
            select(
                optuna_trials.c.trial_id, cast(optuna_trials.c.state, String).label("state")
            ).where(
                optuna_trials.c.study_id == study.optuna_study_id,
                optuna_trials.c.number == number,
            )
        ).one()
    return FoundTrial(row.trial_id, row.state)


def _store_files(study: OpenStudy, ending: Ending) -> dict[str, Any]:
    """Store the files of a trial and return its record with their names."""
    record = dict(ending.record)
    for name, content in (("artifact_id", ending.file), ("trace_artifact_id", ending.trace)):
        if content is not None:
            # The same name on every attempt, so that a broken-off one leaves nothing behind.
            key = f"{study.name}\n{study.created_at!r}\n{ending.origin}\n{name}"
            record[name] = str(uuid.uuid5(_NAMES, key))
            study.artifacts.write(record[name], io.BytesIO(content))
    return record


def _note(study: OpenStudy, trial_id: int, record: dict[str, Any], violation: float | None) -> None:
    """Write all that is known of a trial but its end."""
    constraints = {} if violation is None else {ACCURACY_CONSTRAINT: violation}
    # As ``Trial.set_constraint`` does, which needs the trial as it was asked for.
    template = create_trial(state=OptunaState.FAIL, constraints=constraints)
    with writing_to_trial(study.storage, trial_id) as connection:
        write_attributes(connection, trial_id, {RECORD: record})
        system_attributes = optuna_trial_system_attributes
        write_attributes(connection, trial_id, template.system_attrs, system_attributes)


def _end(study: OpenStudy, trial_id: int, ending: Ending) -> TrialState:
    state = OptunaState[ending.state]
    try:
        study.storage.optuna_storage.set_trial_state_values(trial_id, state, ending.values)
    except UpdateFinishedTrialError:  # by an attempt whose answer was lost, or by another process
        return _how_it_ended(study, trial_id)
    return trial_state(state.name, False)


def _how_it_ended(study: OpenStudy, trial_id: int) -> TrialState:
    trial = study.storage.optuna_storage.get_trial(trial_id)
    return trial_state(trial.state.name, INTERRUPTED in trial.user_attrs)


def _leave_to_successor(study: OpenStudy, ending: Ending) -> None:
    if any(_is_over(trial, ending.origin) for trial in study.optuna_study.get_trials(False)):
        return
    stored = StoredCheckpoint(
        trial_number=ending.trial_number,
        epoch=ending.epoch,
        is_outcome=True,
        content=ending.to_bytes(),
    )
    store_checkpoint(study, ending.origin, stored)


def _is_over(trial: FrozenTrial, origin: int) -> bool:
    """Return whether a trial is an attempt of a certain origin that counts."""
    of_origin = trial.user_attrs.get(ENQUEUED, {}).get("origin", trial.number) == origin
    is_interrupted = INTERRUPTED in trial.user_attrs
    return of_origin and trial.state.is_finished() and not is_interrupted
