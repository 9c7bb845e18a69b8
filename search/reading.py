"""Reads a study out of its database, as frozen records; whatever draws or lists reads by this only.

A study is read in three queries, however many trials it has.
"""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, String, cast, select
from sqlalchemy.engine import Connection, Row

from core.outcome import EpochReport
from search.errors import StudyError
from search.methods import METHOD, method_of
from search.records import (
    ENQUEUED,
    INHERITED_FROM,
    INTERRUPTED,
    RECORD,
    EpochRecord,
    ReferenceRecord,
    StudyRecord,
    StudySnapshot,
    TrialRecord,
    TrialState,
    trial_state,
)
from search.schema import EpochTable, StudyTable, optuna_trial_attributes, optuna_trials
from search.storage import Database
from search.students import student_of

_EPOCH_FIELDS = tuple(field.name for field in fields(EpochReport))


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
        study = _study_record(row)
        ended = _ended(known, study)
        trials = ended + _read_trials(connection, row.optuna_study_id, row.config, len(ended))
        epochs = _read_epochs(connection, row.id, row.optuna_study_id, only_running_epochs)
    return StudySnapshot(study=study, trials=trials, epochs=epochs)


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
        reference = ReferenceRecord.of(row.reference)
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
    connection: Connection, optuna_study_id: int, config: Mapping[str, Any], first: int
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
    return tuple(_trial_record(row, values, config) for row, values in by_number.values())


def _trial_record(
    row: Row[Any], attributes: dict[str, Any], config: Mapping[str, Any]
) -> TrialRecord:
    """Return what is stored of a trial of a study with a configuration."""
    record = attributes.get(RECORD, {})
    outcome = record.get("outcome") or {}
    own = {**record.get("overrides", {}), **record.get("params", {})}
    started, finished = _utc(row.datetime_start), _utc(row.datetime_complete)
    return TrialRecord(
        number=row.number,
        state=trial_state(row.state, INTERRUPTED in attributes),
        method=own.get(METHOD, method_of(config)),
        student=student_of(config, own),
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
