"""The database that all workers of a study share: SQLite on one machine, PostgreSQL for many."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.exceptions import StorageInternalError
from sqlalchemy import NullPool, create_engine, event, insert, inspect, select, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from core.errors import ConfigError
from search.artifact_places import check_place
from search.database_errors import unreachable
from search.errors import StorageError
from search.schema import IN_DATABASE, SCHEMA_VERSION, SchemaTable, Tables

MAX_CONNECTIONS = 2
"""Connections a process may hold: one for its work, one for the thread that renews its lease."""

_SQLITE_BUSY_SECONDS = 60
_CREATION_LOCK = 0x50F75A4E  # the same number in every process: PostgreSQL's advisory lock key


@dataclass(kw_only=True)
class StorageConfig:
    """Where the studies are kept.

    Attributes:
        url: ``sqlite:///FOLDER/FILE.db`` for the workers of one machine, or
            ``postgresql+psycopg2://USER:PASSWORD@HOST:PORT/DATABASE`` for those of many.
        artifacts: where a new study keeps its files: ``database``, ``file:///FOLDER`` that all
            machines see under this name, or ``s3://BUCKET[/PREFIX]``; its workers know.
    """

    url: str = field(default="sqlite:///runs/softshare.db", repr=False)
    artifacts: str = IN_DATABASE

    def __post_init__(self) -> None:
        _ = self.parsed
        check_place(self.artifacts)

    @property
    def parsed(self) -> URL:
        """The address in parts, with the driver that we install.

        Raises:
            ConfigError: it is no address of a database that a study can be kept in.
        """
        rule = (
            "storage.url must be sqlite:///FILE.db or "
            "postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE"
        )
        try:
            url = make_url(self.url)
        except (ArgumentError, ValueError):
            # The value itself stays out of the message: it may hold a password.
            raise ConfigError(f"{rule}, but got something that is no database address") from None
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg2")
        if url.drivername not in ("sqlite", "postgresql+psycopg2"):
            raise ConfigError(f"{rule}, but got {url.drivername}")
        if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
            raise ConfigError(
                f"{rule}, but got a database in memory, which no two workers can share"
            )
        return url


@dataclass(frozen=True)
class Database:
    """An open database as those see it who only read.

    Attributes:
        engine: SQLAlchemy's, with at most ``MAX_CONNECTIONS`` connections.
        address: the URL with the password left out, for people.
    """

    engine: Engine
    address: str

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file on this machine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment and cannot write."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(softshare_begin="BEGIN DEFERRED")
                connection.exec_driver_sql("PRAGMA query_only=ON")
            else:
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            try:
                yield connection
            finally:
                if self.is_sqlite and not connection.closed:
                    connection.exec_driver_sql("PRAGMA query_only=OFF")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


@dataclass(frozen=True)
class Storage(Database):
    """An open database to work in.

    Attributes:
        optuna_storage: Optuna's storage over the same engine.
    """

    optuna_storage: optuna.storages.RDBStorage = field(repr=False)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that is committed at the end of the block."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold this database against every other process that asks the same; freed on death."""
        with creation_lock(self.engine):
            yield

    def close(self) -> None:
        """Give the connections back."""
        self.optuna_storage.remove_session()
        super().close()


def open_storage(config: StorageConfig, *, create: bool = True) -> Storage:
    """Open a database and create the tables that it lacks, once, whoever comes first.

    Args:
        config: where it is.
        create: make a SQLite file and the tables where there are none; without it their absence
            is an error.

    Raises:
        StorageError: it cannot be reached or used; the message names it without its password.
    """
    url = config.parsed
    # Optuna's own lines tell of trials by its own names; the worker tells what matters.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        if url.drivername == "sqlite":
            _prepare_sqlite_file(url, create)
        probe = create_engine(url, poolclass=NullPool, connect_args=connect_args(url))
        if has_our_schema(probe):
            rdb = optuna_storage(url, skip_table_creation=True)
        elif create:
            with creation_lock(probe):
                rdb = _create_tables(probe, url)
        else:
            raise no_studies(url)
    except (DBAPIError, StorageInternalError, OSError) as error:
        raise unreachable(url, error) from error
    except RuntimeError as error:  # Optuna's tables are of another version
        raise StorageError(
            f"Optuna's tables in {show(url)} must be of version {optuna.__version__}, but are not; "
            "upgrade them with `softshare storage upgrade` and this storage.url"
        ) from error
    return Storage(engine=rdb.engine, optuna_storage=rdb, address=show(url))


def no_studies(url: URL) -> StorageError:
    """Return the error for a database without tables of ours."""
    return StorageError(f"there are no studies in {show(url)} yet; run `softshare search`")


def show(url: URL) -> str:
    """Return an address for people, its password left out."""
    return url.render_as_string(hide_password=True)


def optuna_storage(
    url: URL, *, skip_table_creation: bool, any_version: bool = False
) -> optuna.storages.RDBStorage:
    """Open Optuna's storage.

    Args:
        url: where it is.
        skip_table_creation: whether its tables are there.
        any_version: take them whatever version they are of, to upgrade them.

    Raises:
        RuntimeError: they are of another version.
    """
    # Optuna fills in braces of a URL as a template, and a password may hold some.
    address = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
    storage = optuna.storages.RDBStorage(
        address,
        engine_kwargs={
            "pool_size": MAX_CONNECTIONS,
            "max_overflow": 0,
            "pool_pre_ping": True,
            "connect_args": connect_args(url),
        },
        skip_table_creation=skip_table_creation,
        skip_compatibility_check=any_version,
    )
    if url.drivername == "sqlite":
        event.listen(storage.engine, "begin", begin_on_sqlite)
    return storage


def begin_on_sqlite(connection: Connection) -> None:
    """Begin a transaction on SQLite, whose driver does so late and not for all statements."""
    # A transaction that reads first and then writes fails at once when another wrote in between;
    # one that takes the write lock at its start waits for its turn instead.
    begin = connection.get_execution_options().get("softshare_begin", "BEGIN IMMEDIATE")
    connection.exec_driver_sql(begin)


def connect_args(url: URL) -> dict[str, Any]:
    """Return what the driver is told beside the address."""
    if url.drivername == "sqlite":
        return {"timeout": _SQLITE_BUSY_SECONDS}
    return {
        "application_name": "softshare",
        "connect_timeout": 10,
        # A network that is gone without a word is noticed in half a minute and not in a quarter
        # of an hour.
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }


def _prepare_sqlite_file(url: URL, create: bool) -> None:
    path = Path(str(url.database))
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.exists():
        raise StorageError(
            f"there is no database {path}; make one with `softshare search` or set storage.url"
        )


def schema_version(engine: Engine) -> int | None:
    """Return the version of our tables in a database, None where there are none."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(SchemaTable.__tablename__):
            return None
        return connection.execute(select(SchemaTable.version)).scalar()


def has_our_schema(engine: Engine) -> bool:
    """Return whether a database has our tables.

    Raises:
        StorageError: they are of another version.
    """
    version = schema_version(engine)
    if version not in (None, SCHEMA_VERSION):
        remedy = (
            "upgrade them with `softshare storage upgrade` and this storage.url"
            if version < SCHEMA_VERSION
            else "use a softshare as new as the one that made them"
        )
        raise StorageError(
            f"the tables in {show(engine.url)} must be of version {SCHEMA_VERSION}, but are of "
            f"version {version}; {remedy}"
        )
    return version is not None


def _create_tables(probe: Engine, url: URL) -> optuna.storages.RDBStorage:
    if url.drivername == "sqlite":
        with probe.connect() as connection:
            # Readers and one writer then work at once. It stays with the file.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    rdb = optuna_storage(url, skip_table_creation=False)
    if not has_our_schema(rdb.engine):  # those who waited for the lock find it there
        with rdb.engine.begin() as connection:
            Tables.metadata.create_all(connection)
            # Written last: who finds it finds everything.
            connection.execute(insert(SchemaTable).values(version=SCHEMA_VERSION))
    return rdb


@contextmanager
def creation_lock(engine: Engine) -> Iterator[None]:
    """Hold a database against every other process that makes tables or studies in it."""
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.lock"):
            yield
    else:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})
            yield
