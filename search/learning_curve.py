"""The learning curve of a running trial, one row an epoch, in a table of our own.

Optuna's ``report`` raises in studies of several objectives.
"""

import math
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.exc import DBAPIError

from core.outcome import EpochReport
from search.outages import is_outage
from search.schema import EpochTable
from search.storage import Storage


class LearningCurve:
    """Stores the epochs of one trial; while the database is away they wait for the next one."""

    def __init__(self, storage: Storage, study_id: int, trial_number: int) -> None:
        self._storage = storage
        self._trial = {"study_id": study_id, "trial_number": trial_number}
        self._waiting: dict[int, dict[str, Any]] = {}

    def add(self, report: EpochReport) -> None:
        """Store an epoch and whatever waits; an epoch that is there already is replaced."""
        values = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(report).items()
        }
        self._waiting[report.epoch] = {**self._trial, **values}
        try:
            with self._storage.write() as connection:
                connection.execute(
                    delete(EpochTable).where(
                        EpochTable.study_id == self._trial["study_id"],
                        EpochTable.trial_number == self._trial["trial_number"],
                        EpochTable.epoch.in_(list(self._waiting)),
                    )
                )
                connection.execute(insert(EpochTable), list(self._waiting.values()))
        except DBAPIError as error:
            if not is_outage(error):
                raise
            return
        self._waiting.clear()

    def inherit(self, trial_number: int, num_epochs: int) -> None:
        """Take over the first epochs of another attempt at the same trial.

        Raises:
            DBAPIError: the database is away.
        """
        mine = self._trial["trial_number"]
        rest = [c for c in EpochTable.__table__.columns if c.name not in self._trial]
        with self._storage.write() as connection:
            connection.execute(
                delete(EpochTable).where(
                    EpochTable.study_id == self._trial["study_id"],
                    EpochTable.trial_number == mine,
                )
            )
            connection.execute(
                insert(EpochTable).from_select(
                    ["study_id", "trial_number", *(column.name for column in rest)],
                    select(EpochTable.study_id, literal(mine), *rest).where(
                        EpochTable.study_id == self._trial["study_id"],
                        EpochTable.trial_number == trial_number,
                        EpochTable.epoch <= num_epochs,
                    ),
                )
            )
