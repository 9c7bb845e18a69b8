"""The tables of our own beside Optuna's, and Optuna's as far as we read them ourselves.

Times are seconds since 1970-01-01 UTC by the database's clock, so that the clocks of the workers
never matter. Trials are named by the number they have in their study, as people name them.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    column,
    table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

SCHEMA_VERSION = 3
"""Version of the tables below; every change to them raises it, with a step in search.upgrades."""

IN_DATABASE = "database"
"""Place of files that are kept in the database itself."""


class Tables(DeclarativeBase):
    """Base of our tables; its metadata creates them."""

    type_annotation_map = {float: Double, dict[str, Any]: JSON}  # noqa: RUF012 SQLAlchemy's protocol


class SchemaTable(Tables):
    """One row: which version of these tables a database holds."""

    __tablename__ = "softshare_schema"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class StudyTable(Tables):
    """A study: what it runs, on which reference network, and how many trials are to finish.

    Its row is written last when a study is created: a study without it is not there yet.
    """

    __tablename__ = "softshare_study"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(512), unique=True)
    optuna_study_id: Mapped[int] = mapped_column(unique=True)
    config: Mapped[dict[str, Any]]
    reference: Mapped[dict[str, Any]]
    reference_artifact_id: Mapped[str]
    data_fingerprint: Mapped[str | None]
    versions: Mapped[dict[str, Any]]
    git_revision: Mapped[str | None]
    num_trials: Mapped[int]
    created_at: Mapped[float]
    reaper_until: Mapped[float] = mapped_column(default=0.0)
    artifacts: Mapped[str] = mapped_column(
        String(1024), default=IN_DATABASE, server_default=IN_DATABASE
    )


class SlotTable(Tables):
    """A place for one finished trial; a study has ``num_trials`` of them.

    ``token`` rises whenever the slot changes hands, so that a former holder is known by its old
    one (a fencing token).
    """

    __tablename__ = "softshare_slot"

    study_id: Mapped[int] = mapped_column(ForeignKey("softshare_study.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    token: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    trial_number: Mapped[int | None]
    lease_until: Mapped[float | None]

    __table_args__ = (Index("softshare_slot_by_state", "study_id", "state"),)


class EpochTable(Tables):
    """One epoch of a trial's learning curve; numbers that are no numbers are stored as NULL."""

    __tablename__ = "softshare_epoch"

    study_id: Mapped[int] = mapped_column(ForeignKey("softshare_study.id"), primary_key=True)
    trial_number: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    num_epochs: Mapped[int]
    phase: Mapped[str] = mapped_column(String(32))
    error_loss: Mapped[float | None]
    complexity_loss: Mapped[float | None]
    validation_error: Mapped[float | None]
    nonzero_fraction: Mapped[float | None]
    estimated_compression_rate: Mapped[float | None]
    seconds: Mapped[float | None]


class CheckpointTable(Tables):
    """The last checkpoint of a trial that is not over, whichever attempt at it stored it.

    ``origin`` is the number of the first attempt. An outcome is the last checkpoint there can be:
    that of an attempt that was done but could not be told any more.
    """

    __tablename__ = "softshare_checkpoint"

    study_id: Mapped[int] = mapped_column(ForeignKey("softshare_study.id"), primary_key=True)
    origin: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    trial_number: Mapped[int]
    epoch: Mapped[int]
    is_outcome: Mapped[bool]
    artifact_id: Mapped[str] = mapped_column(String(64))


class RungTable(Tables):
    """What came out of one schedule that a trial was tried on (``search.rungs``).

    ``origin`` is the number of the first attempt at the trial.
    """

    __tablename__ = "softshare_rung"

    study_id: Mapped[int] = mapped_column(ForeignKey("softshare_study.id"), primary_key=True)
    origin: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rung: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    schedule: Mapped[float]
    accuracy_loss: Mapped[float]
    compression_rate: Mapped[float]
    goes_on: Mapped[bool]


class ArtifactTable(Tables):
    """A stored file; where its place is the database its bytes are in ``ArtifactChunkTable``.

    ``checkpoint_of`` is the study whose checkpoint it is, by which those that a killed worker left
    behind are found. A file outside the database may be missing: its row is written first.
    """

    __tablename__ = "softshare_artifact"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    num_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]
    place: Mapped[str] = mapped_column(
        String(1024), default=IN_DATABASE, server_default=IN_DATABASE
    )
    checkpoint_of: Mapped[int | None]


class ArtifactChunkTable(Tables):
    """A piece of a stored file, in order of ``position``."""

    __tablename__ = "softshare_artifact_chunk"

    artifact_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        ForeignKeyConstraint(["artifact_id"], ["softshare_artifact.id"], ondelete="CASCADE"),
    )


# Optuna 5's tables (optuna/storages/_rdb/models.py): its own reader takes a number of queries that
# grows with the number of trials, its own writer a transaction a value (``search.trial_rows``).
optuna_trials = table(
    "trials",
    column("trial_id"),
    column("number"),
    column("study_id"),
    column("state"),
    column("datetime_start", DateTime()),
    column("datetime_complete", DateTime()),
)
optuna_trial_params = table(
    "trial_params",
    column("trial_id"),
    column("param_name", String()),
    column("param_value", Double()),
    column("distribution_json", Text()),
)
optuna_trial_attributes, optuna_trial_system_attributes = (
    table(name, column("trial_id"), column("key", String()), column("value_json", Text()))
    for name in ("trial_user_attributes", "trial_system_attributes")
)


class database_seconds(FunctionElement[float]):  # noqa: N801 named like SQLAlchemy's functions
    """Seconds since 1970-01-01 UTC by the clock of the database, at the time of the statement."""

    type = Double()
    inherit_cache = True


@compiles(database_seconds, "postgresql")
def _postgresql_seconds(
    element: database_seconds, compiler: SQLCompiler, **_options: object
) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(database_seconds, "sqlite")
def _sqlite_seconds(element: database_seconds, compiler: SQLCompiler, **_options: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"
