"""Which studies a database holds, who works on them at this moment, and how a trial was run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from search.records import RECORD
from search.schema import (
    SlotTable,
    StudyTable,
    database_seconds,
    optuna_trial_attributes,
    optuna_trials,
)
from search.slots import SlotState
from search.storage import Database


@dataclass(frozen=True, kw_only=True)
class WorkerRecord:
    """A worker that holds a slot.

    Attributes:
        study: name of the study it works on.
        worker: who it is, as host:process:random.
        trial: number of its trial, None before it has one.
        lease_seconds: seconds that its lease lasts from now, by the database's clock; below zero
            it has not been heard of for longer than the lease.
    """

    study: str
    worker: str
    trial: int | None
    lease_seconds: float

    @property
    def is_alive(self) -> bool:
        """Whether its lease has not run out."""
        return self.lease_seconds > 0


def read_study_names(database: Database) -> tuple[str, ...]:
    """Return the names of all studies, the youngest first."""
    query = select(StudyTable.name).order_by(StudyTable.created_at.desc(), StudyTable.name)
    with database.read() as connection:
        return tuple(connection.execute(query).scalars())


def read_workers(database: Database) -> tuple[WorkerRecord, ...]:
    """Return who holds a slot of any study, by study and worker."""
    query = (
        select(
            StudyTable.name,
            SlotTable.worker,
            SlotTable.trial_number,
            (SlotTable.lease_until - database_seconds()).label("left"),
        )
        .join(StudyTable, StudyTable.id == SlotTable.study_id)
        .where(SlotTable.state == SlotState.leased)
        .order_by(StudyTable.name, SlotTable.worker)
    )
    with database.read() as connection:
        return tuple(
            WorkerRecord(
                study=row.name,
                worker=row.worker or "",
                trial=row.trial_number,
                lease_seconds=row.left or 0.0,
            )
            for row in connection.execute(query)
        )


def read_trial_config(database: Database, study: str, number: int) -> Mapping[str, Any]:
    """Return the groups of the configuration that a trial ran with; empty where none was noted."""
    query = (
        select(optuna_trial_attributes.c.value_json)
        .select_from(StudyTable)
        .join(optuna_trials, optuna_trials.c.study_id == StudyTable.optuna_study_id)
        .join(
            optuna_trial_attributes,
            optuna_trial_attributes.c.trial_id == optuna_trials.c.trial_id,
        )
        .where(
            StudyTable.name == study,
            optuna_trials.c.number == number,
            optuna_trial_attributes.c.key == RECORD,
        )
    )
    with database.read() as connection:
        stored = connection.execute(query).scalar()
    config: Mapping[str, Any] = {} if stored is None else json.loads(stored).get("config", {})
    return config
