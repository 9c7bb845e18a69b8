"""Finished trials, thousands at once, in a study of a PostgreSQL database.

Optuna takes a hundred statements a trial, a quarter of an hour for ten thousand.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial
from sqlalchemy import MetaData, func, insert, select

from search.storage import Storage

_TRIALS = "trials"
_PARTS = ("trial_params", "trial_values", "trial_user_attributes", "trial_system_attributes")
_AT_ONCE = 500


def add_at_once(storage: Storage, study: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
    """Write finished trials into a study that has none, as Optuna would one by one."""
    tables = MetaData()
    tables.reflect(storage.engine, only=["studies", _TRIALS, *_PARTS])
    table = tables.tables[_TRIALS]
    study_id = storage.optuna_storage.get_study_id_from_name(study.study_name)
    with storage.write() as connection:
        first = 1 + (connection.execute(select(func.max(table.c.trial_id))).scalar() or 0)
        for start in range(0, len(trials), _AT_ONCE):
            part = trials[start : start + _AT_ONCE]
            rows = [
                {
                    "trial_id": first + number,
                    "number": number,
                    "study_id": study_id,
                    "state": trial.state.name,
                    "datetime_start": trial.datetime_start,
                    "datetime_complete": trial.datetime_complete,
                }
                for number, trial in enumerate(part, start)
            ]
            connection.execute(insert(table), rows)
            for name in _PARTS:
                found = [
                    {"trial_id": first + number, **row}
                    for number, trial in enumerate(part, start)
                    for row in _rows(name, trial)
                ]
                if found:
                    connection.execute(insert(tables.tables[name]), found)
        sequence = func.pg_get_serial_sequence(_TRIALS, "trial_id")
        connection.execute(select(func.setval(sequence, first + len(trials) - 1)))


def _rows(name: str, trial: FrozenTrial) -> Iterator[Mapping[str, Any]]:
    """Yield what a trial has in one of the tables."""
    if name == "trial_params":
        for key, value in trial.params.items():
            distribution = trial.distributions[key]
            yield {
                "param_name": key,
                "param_value": distribution.to_internal_repr(value),
                "distribution_json": distribution_to_json(distribution),
            }
    elif name == "trial_values":
        for objective, value in enumerate(trial.values):
            yield {"objective": objective, "value": value, "value_type": "FINITE"}
    else:
        is_system = name == "trial_system_attributes"
        said = trial.system_attrs if is_system else trial.user_attrs
        for key, value in said.items():
            yield {"key": key, "value_json": json.dumps(value)}
