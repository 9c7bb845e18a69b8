"""Opens the database of studies in sessions that the database itself lets write nothing."""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from search.database_errors import unreachable
from search.errors import StorageError
from search.storage import (
    MAX_CONNECTIONS,
    Database,
    StorageConfig,
    begin_on_sqlite,
    connect_args,
    has_our_schema,
    no_studies,
    show,
)

_BUSY_SECONDS = 5.0
_POSTGRES_SESSION = "SET default_transaction_read_only = on; SET statement_timeout = '60s'"


def open_for_reading(config: StorageConfig) -> Database:
    """Open a database to read its studies.

    SQLite opens the file read-only; PostgreSQL refuses every change in such a session.

    Raises:
        StorageError: it cannot be reached or used, or it has no tables of this version.
    """
    url = config.parsed
    try:
        if url.drivername == "sqlite":
            path = Path(str(url.database))
            if not path.exists():
                raise StorageError(
                    f"there is no database {path}; make one with `softshare search` or set "
                    "storage.url"
                )
            engine = create_engine(url, poolclass=NullPool, creator=partial(_connect, path))
            event.listen(engine, "begin", begin_on_sqlite)
        else:
            engine = create_engine(
                url,
                pool_size=MAX_CONNECTIONS,
                max_overflow=0,
                pool_pre_ping=True,
                connect_args=connect_args(url),
            )
            event.listen(engine, "connect", _forbid_writing)
        if not has_our_schema(engine):
            raise no_studies(url)
    except (DBAPIError, OSError) as error:
        raise unreachable(url, error) from error
    return Database(engine=engine, address=show(url))


def _forbid_writing(connection: Any, _record: object) -> None:
    """Make a session of PostgreSQL read-only, whatever options its address names itself."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRES_SESSION)
    connection.autocommit = False


def _connect(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)
