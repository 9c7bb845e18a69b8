"""The rows of a trial in Optuna's tables: what belongs together is written in one transaction.

Optuna's own storage takes a transaction a value. As there, a finished trial is not changed.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.exceptions import UpdateFinishedTrialError
from sqlalchemy import String, TableClause, cast, delete, insert, select
from sqlalchemy.engine import Connection

from search.schema import (
    optuna_trial_attributes,
    optuna_trial_params,
    optuna_trial_system_attributes,
    optuna_trials,
)
from search.storage import Storage


def enqueued_values(storage: Storage, trial_id: int) -> dict[str, Any]:
    """Return what a trial was enqueued with, by Optuna's names; nothing where it was not."""
    table = optuna_trial_system_attributes
    query = select(table.c.value_json).where(
        table.c.trial_id == trial_id, table.c.key == "fixed_params"
    )
    with storage.read() as connection:
        found = connection.execute(query).scalar()
    values: dict[str, Any] = json.loads(found or "{}")
    return values


@contextmanager
def writing_to_trial(storage: Storage, trial_id: int) -> Iterator[Connection]:
    """Open a transaction that holds a running trial; it may be done again after it broke off.

    Raises:
        UpdateFinishedTrialError: the trial does not run any more.
    """
    running = (
        select(optuna_trials.c.trial_id)
        .where(
            optuna_trials.c.trial_id == trial_id, cast(optuna_trials.c.state, String) == "RUNNING"
        )
        .with_for_update()
    )
    with storage.write() as connection:
        if connection.execute(running).first() is None:
            raise UpdateFinishedTrialError(f"the trial of key {trial_id} does not run any more")
        yield connection


def write_params(
    connection: Connection,
    trial_id: int,
    coordinates: Mapping[str, Any],
    distributions: Mapping[str, BaseDistribution],
) -> None:
    """Write all that a trial was drawn, by Optuna's names."""
    table = optuna_trial_params
    connection.execute(delete(table).where(table.c.trial_id == trial_id))
    rows = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(distributions[name]),
        }
        for name, value in coordinates.items()
    ]
    if rows:
        connection.execute(insert(table), rows)


def write_attributes(
    connection: Connection,
    trial_id: int,
    attributes: Mapping[str, Any],
    table: TableClause = optuna_trial_attributes,
) -> None:
    """Write attributes of a trial, by name, in the place of those it has of these names.

    Args:
        connection: an open transaction.
        trial_id: the trial's key.
        attributes: what JSON can hold.
        table: that of the user attributes, or of the system's.
    """
    names = list(attributes)
    connection.execute(delete(table).where(table.c.trial_id == trial_id, table.c.key.in_(names)))
    rows = [
        {"trial_id": trial_id, "key": name, "value_json": json.dumps(value)}
        for name, value in attributes.items()
    ]
    if rows:
        connection.execute(insert(table), rows)
