"""What is stored of a study, read back as frozen records; whatever draws or lists reads this only.

A study is read in three queries, however many trials it has.
"""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, String, cast, select
from sqlalchemy.engine import Connection, Row

from core.outcome import EpochReport
from search.errors import StudyError
from search.methods import DEFAULT_METHOD, METHOD, method_of
from search.schema import EpochTable, StudyTable, optuna_trial_attributes, optuna_trials
from search.storage import Database

# Keys of the trials' user attributes.
RECORD = "softshare:record"
ENQUEUED = "softshare:enqueued"
RETRY_OF = "softshare:retry_of"
INTERRUPTED = "softshare:interrupted"
INHERITED_FROM = "softshare:inherited_from"

_EPOCH_FIELDS = tuple(field.name for field in fields(EpochReport))


class TrialState(StrEnum):
    """How far a trial is. All but the running and the interrupted ones count as finished."""

    running = "running"
    complete = "complete"
    stopped = "stopped"
    failed = "failed"
    interrupted = "interrupted"


@dataclass(frozen=True, kw_only=True)
class ReferenceRecord:
    """The network that a study compresses; errors are fractions in [0, 1]."""

    validation_error: float
    test_error: float
    num_parameters: int
    float32_bytes: int


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """A study as it was created.

    Attributes:
        name: its name in the database.
        config: the stored part of its configuration, as ``search.configuration.to_stored`` made it.
        reference: the network that it compresses.
        data_fingerprint: fingerprint of the data the reference network was trained on.
        versions: version by package, of the process that created it.
        git_revision: commit of this project's working tree then, None outside one.
        created_at: UTC.
        num_trials: trials that are to finish.
    """

    name: str
    config: dict[str, Any]
    reference: ReferenceRecord
    data_fingerprint: str | None
    versions: dict[str, str]
    git_revision: str | None
    created_at: datetime
    num_trials: int


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """A trial that runs or ran. What it has not come to is None.

    Attributes:
        number: its number in the study, from 0.
        state: how far it is.
        method: the method that it compresses with.
        setting: name of the enqueued setting it tries, None for a suggested one.
        params: natural values by config key.
        seed: seed of its retraining.
        accuracy_loss: validation error minus the reference network's; may be negative.
        validation_error: of the decoded file's network, a fraction.
        test_error: the same on test data; reported, never selected on.
        compression_rate: float32 bytes of all parameters over bytes of the file.
        file_bytes: bytes of the file with everything inside it.
        han_compression_rate: the paper's accounting, of the weights only.
        nonzero_fraction: share of the clustered weights that are not zero.
        reason: why it was stopped, failed or was interrupted.
        worker: who ran it, as host:process:random.
        started_at: UTC, by the worker's clock.
        finished_at: UTC, by the worker's clock.
        seconds: wall-clock seconds from start to end.
        schedule: fraction of its epochs that the outcome's schedule had (``search.halving``).
        epochs: epochs that were spent on it, over all schedules.
        whole_epochs: epochs of its whole schedule.
        artifact_id: its file in the artifact store.
        trace_artifact_id: its trace there; ``search.traces`` reads it.
        inherited_from: name of the study that ran it, None for this one.
    """

    number: int
    state: TrialState
    method: str = DEFAULT_METHOD
    setting: str | None = None
    params: dict[str, Any]
    seed: int | None = None
    accuracy_loss: float | None = None
    validation_error: float | None = None
    test_error: float | None = None
    compression_rate: float | None = None
    file_bytes: int | None = None
    han_compression_rate: float | None = None
    nonzero_fraction: float | None = None
    reason: str | None = None
    worker: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: float | None = None
    schedule: float | None = None
    epochs: int | None = None
    whole_epochs: int | None = None
    artifact_id: str | None = None
    trace_artifact_id: str | None = None
    inherited_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class EpochRecord(EpochReport):
    """One epoch of a trial's learning curve.

    Attributes:
        trial: number of the trial.
    """

    trial: int


@dataclass(frozen=True, kw_only=True)
class StudySnapshot:
    """A study at one moment.

    Attributes:
        study: what it is.
        trials: by number; those that only wait for a worker are left out.
        epochs: by trial and epoch.
    """

    study: StudyRecord
    trials: tuple[TrialRecord, ...]
    epochs: tuple[EpochRecord, ...]

    @property
    def finished(self) -> tuple[TrialRecord, ...]:
        """Trials that count towards ``study.num_trials``, by number."""
        unfinished = (TrialState.running, TrialState.interrupted)
        return tuple(
            trial
            for trial in self.trials
            if trial.state not in unfinished and trial.inherited_from is None
        )

    @property
    def num_finished(self) -> int:
        """How many those are."""
        return len(self.finished)

    @property
    def compute_saved(self) -> float:
        """Share of the epochs of complete and stopped trials that halving and stopping saved.

        None were saved where every trial has had its whole schedule; below zero, what was tried
        on short schedules cost more than the trials that went no further saved.
        """
        known = [
            (trial.epochs, trial.whole_epochs)
            for trial in self.finished
            if trial.epochs is not None
            and trial.whole_epochs is not None
            and trial.state is not TrialState.failed
        ]
        whole = sum(epochs for _, epochs in known)
        return 1 - sum(epochs for epochs, _ in known) / whole if whole else 0.0


def read_study(
    storage: Database,
    name: str,
    *,
    only_running_epochs: bool = False,
    known: StudySnapshot | None = None,
) -> StudySnapshot:
    """Read a study with its trials and learning curves as of one moment.

    Args:
        storage: an open database.
        name: the study's name.
        only_running_epochs: leave out the learning curves of the trials that have ended.
        known: the study as it was read before; trials that had ended are not read again.

    Raises:
        StudyError: there is no such study, and the message lists those there; or it was written by
            another version.
    """
    with storage.read() as connection:
        row = connection.execute(
            select(StudyTable.__table__).where(StudyTable.name == name)
        ).first()
        if row is None:
            raise missing_study(connection, name, storage.address)
        ended = _ended(known, _study_record(row))
        trials = ended + _read_trials(
            connection, row.optuna_study_id, method_of(row.config), len(ended)
        )
        epochs = _read_epochs(connection, row.id, row.optuna_study_id, only_running_epochs)
    return StudySnapshot(study=_study_record(row), trials=trials, epochs=epochs)


def _ended(known: StudySnapshot | None, study: StudyRecord) -> tuple[TrialRecord, ...]:
    """Return the first trials that were read before and cannot change any more."""
    if known is None or known.study.created_at != study.created_at:
        return ()
    trials = known.trials
    for number, trial in enumerate(trials):
        # A gap is a trial that waited for a worker.
        if trial.number != number or trial.state is TrialState.running:
            return trials[:number]
    return trials


def missing_study(connection: Connection, name: str, address: str) -> StudyError:
    """Return the error for a study that is not there, listing those that are."""
    names = connection.execute(select(StudyTable.name).order_by(StudyTable.name)).scalars().all()
    there = f"the studies there are {', '.join(names)}" if names else "there are no studies yet"
    return StudyError(
        f"study.name must be a study in {address}, but got {name}; {there}; "
        "`softshare search` creates one"
    )


def of_another_version(name: str, error: Exception) -> StudyError:
    """Return the error for a study whose records this version cannot read."""
    return StudyError(
        f"study {name} was written by another version of softshare ({error}); use the version that "
        "wrote it"
    )


def _study_record(row: Row[Any]) -> StudyRecord:
    try:
        reference = ReferenceRecord(**row.reference)
    except TypeError as error:
        raise of_another_version(row.name, error) from error
    return StudyRecord(
        name=row.name,
        config=row.config,
        reference=reference,
        data_fingerprint=row.data_fingerprint,
        versions=row.versions,
        git_revision=row.git_revision,
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        num_trials=row.num_trials,
    )


def _read_trials(
    connection: Connection, optuna_study_id: int, method: str, first: int
) -> tuple[TrialRecord, ...]:
    trials, attributes = optuna_trials.c, optuna_trial_attributes.c
    rows = connection.execute(
        select(
            trials.number,
            cast(trials.state, String).label("state"),
            trials.datetime_start,
            trials.datetime_complete,
            attributes.key,
            attributes.value_json,
        )
        .select_from(
            optuna_trials.outerjoin(optuna_trial_attributes, trials.trial_id == attributes.trial_id)
        )
        .where(
            trials.study_id == optuna_study_id,
            trials.number >= first,
            cast(trials.state, String) != "WAITING",
        )
        .order_by(trials.number)
    )
    by_number: dict[int, tuple[Row[Any], dict[str, Any]]] = {}
    for row in rows:
        _, values = by_number.setdefault(row.number, (row, {}))
        if row.key is not None:
            values[row.key] = json.loads(row.value_json)
    return tuple(_trial_record(row, values, method) for row, values in by_number.values())


def _trial_record(row: Row[Any], attributes: dict[str, Any], method: str) -> TrialRecord:
    """Return what is stored of a trial of a study whose configuration names a method."""
    record = attributes.get(RECORD, {})
    outcome = record.get("outcome") or {}
    own = {**record.get("overrides", {}), **record.get("params", {})}
    started, finished = _utc(row.datetime_start), _utc(row.datetime_complete)
    return TrialRecord(
        number=row.number,
        state=trial_state(row.state, INTERRUPTED in attributes),
        method=own.get(METHOD, method),
        setting=attributes.get(ENQUEUED, {}).get("setting"),
        params=record.get("params", {}),
        seed=record.get("seed"),
        accuracy_loss=outcome.get("accuracy_loss"),
        validation_error=outcome.get("validation_error"),
        test_error=outcome.get("test_error"),
        compression_rate=outcome.get("compression_rate"),
        file_bytes=outcome.get("file_bytes"),
        han_compression_rate=outcome.get("han_compression_rate"),
        nonzero_fraction=outcome.get("nonzero_fraction"),
        reason=record.get("reason") or attributes.get(INTERRUPTED),
        worker=record.get("worker"),
        started_at=started,
        finished_at=finished,
        seconds=(finished - started).total_seconds() if started and finished else None,
        schedule=record.get("schedule"),
        epochs=record.get("epochs"),
        whole_epochs=record.get("whole_epochs"),
        artifact_id=record.get("artifact_id"),
        trace_artifact_id=record.get("trace_artifact_id"),
        inherited_from=attributes.get(INHERITED_FROM),
    )


def trial_state(optuna_state: str, is_interrupted: bool) -> TrialState:
    """Translate Optuna's name of a state; a trial given up in the middle is no failed one."""
    if optuna_state == "FAIL":
        return TrialState.interrupted if is_interrupted else TrialState.failed
    return {
        "RUNNING": TrialState.running,
        "COMPLETE": TrialState.complete,
        "PRUNED": TrialState.stopped,
    }[optuna_state]


def _utc(naive: datetime | None) -> datetime | None:
    # Optuna 5 stores UTC without a time zone.
    return None if naive is None else naive.replace(tzinfo=UTC)


def _read_epochs(
    connection: Connection, study_id: int, optuna_study_id: int, only_running: bool
) -> tuple[EpochRecord, ...]:
    query = select(EpochTable.__table__).where(EpochTable.study_id == study_id)
    if only_running:
        running = select(optuna_trials.c.number).where(
            optuna_trials.c.study_id == optuna_study_id,
            cast(optuna_trials.c.state, String) == "RUNNING",
        )
        query = query.where(EpochTable.trial_number.in_(running))
    return _epochs(connection, query)


def read_curves(
    database: Database, study: str, numbers: Collection[int]
) -> tuple[EpochRecord, ...]:
    """Return the learning curves of some trials of a study, by trial and epoch."""
    query = (
        select(EpochTable.__table__)
        .join(StudyTable, StudyTable.id == EpochTable.study_id)
        .where(StudyTable.name == study, EpochTable.trial_number.in_(list(numbers)))
    )
    with database.read() as connection:
        return _epochs(connection, query)


def _epochs(connection: Connection, query: Select[Any]) -> tuple[EpochRecord, ...]:
    rows = connection.execute(query.order_by(EpochTable.trial_number, EpochTable.epoch))
    return tuple(_epoch_record(row._asdict()) for row in rows)


def _epoch_record(row: dict[str, Any]) -> EpochRecord:
    values: dict[str, Any] = {
        name: math.nan if row[name] is None else row[name] for name in _EPOCH_FIELDS
    }
    return EpochRecord(trial=row["trial_number"], **values)
