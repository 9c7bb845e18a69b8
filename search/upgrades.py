"""Brings the tables of an earlier softshare to the present version, with Alembic's operations."""

from collections.abc import Callable

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    NullPool,
    String,
    create_engine,
    event,
    update,
)
from sqlalchemy.exc import DBAPIError

from search.database_errors import unreachable
from search.errors import StorageError
from search.schema import IN_DATABASE, SCHEMA_VERSION, SchemaTable
from search.storage import (
    StorageConfig,
    begin_on_sqlite,
    creation_lock,
    optuna_storage,
    schema_version,
    show,
)


def upgrade(config: StorageConfig) -> int:
    """Bring the tables of a database to ``SCHEMA_VERSION``, all in one step or not at all.

    Optuna's own tables follow, by its own steps.

    Returns:
        The version that ours had.

    Raises:
        StorageError: there are none, they are of a later version, or the database cannot be used.
    """
    url = config.parsed
    try:
        engine = create_engine(url, poolclass=NullPool)
        if url.drivername == "sqlite":
            event.listen(engine, "begin", begin_on_sqlite)
        with creation_lock(engine):
            version = schema_version(engine)
            if version is None:
                raise StorageError(
                    f"there are no tables in {show(url)}; make them with `softshare storage init`"
                )
            if version > SCHEMA_VERSION:
                raise StorageError(
                    f"the tables in {show(url)} are of version {version}, later than "
                    f"{SCHEMA_VERSION}, the version of this softshare; use a later one"
                )
            with engine.begin() as connection:
                operations = Operations(MigrationContext.configure(connection))
                for step in range(version, SCHEMA_VERSION):
                    STEPS[step](operations)
                connection.execute(update(SchemaTable).values(version=SCHEMA_VERSION))
            rdb = optuna_storage(url, skip_table_creation=True, any_version=True)
            rdb.upgrade()
            rdb.engine.dispose()
    except DBAPIError as error:
        raise unreachable(url, error) from error
    return version


def _from_version_1(operations: Operations) -> None:
    """Files may be kept outside the database; trials leave checkpoints."""
    for table, column in (("softshare_study", "artifacts"), ("softshare_artifact", "place")):
        operations.add_column(
            table, Column(column, String(1024), nullable=False, server_default=IN_DATABASE)
        )
    operations.add_column("softshare_artifact", Column("checkpoint_of", Integer))
    operations.create_table(
        "softshare_checkpoint",
        Column("study_id", Integer, ForeignKey("softshare_study.id"), primary_key=True),
        Column("origin", Integer, primary_key=True, autoincrement=False),
        Column("trial_number", Integer, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("is_outcome", Boolean, nullable=False),
        Column("artifact_id", String(64), nullable=False),
    )


def _from_version_2(operations: Operations) -> None:
    """Trials are tried on short schedules first."""
    operations.create_table(
        "softshare_rung",
        Column("study_id", Integer, ForeignKey("softshare_study.id"), primary_key=True),
        Column("origin", Integer, primary_key=True, autoincrement=False),
        Column("rung", Integer, primary_key=True, autoincrement=False),
        Column("schedule", Double, nullable=False),
        Column("accuracy_loss", Double, nullable=False),
        Column("compression_rate", Double, nullable=False),
        Column("goes_on", Boolean, nullable=False),
    )


STEPS: dict[int, Callable[[Operations], None]] = {1: _from_version_1, 2: _from_version_2}
"""What leads from each version to the next."""
