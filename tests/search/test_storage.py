import logging
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from core.errors import ConfigError
from search.errors import StorageError
from search.schema import SCHEMA_VERSION, SchemaTable, database_seconds
from search.storage import MAX_CONNECTIONS, Storage, StorageConfig, open_storage
from tests.postgres import PASSWORD, PostgresServer
from tests.search.studies import open_and_close, started


def test_opening_twice_finds_the_same_tables(storage: Storage, storage_url: str) -> None:
    again = open_storage(StorageConfig(url=storage_url), create=False)
    with again.read() as connection:
        assert connection.execute(select(SchemaTable.version)).scalars().all() == [SCHEMA_VERSION]
    again.close()


def test_eight_processes_open_an_empty_database_at_once(storage_url: str) -> None:
    with started(*[(open_and_close, (storage_url,))] * 8) as processes:
        for process in processes:
            process.join()
    assert [process.exitcode for process in processes] == [0] * 8


def test_tables_of_another_version_are_refused_with_both_versions(
    storage: Storage, storage_url: str
) -> None:
    with storage.write() as connection:
        connection.execute(update(SchemaTable).values(version=SCHEMA_VERSION + 1))
    there = f"of version {SCHEMA_VERSION}, but are of version {SCHEMA_VERSION + 1}"
    with pytest.raises(StorageError, match=there):
        open_storage(StorageConfig(url=storage_url))


def test_a_reader_cannot_write_and_leaves_a_connection_that_can(storage: Storage) -> None:
    with pytest.raises(DBAPIError), storage.read() as connection:
        connection.execute(update(SchemaTable).values(version=99))
    for _ in range(MAX_CONNECTIONS):
        with storage.write() as connection:
            connection.execute(update(SchemaTable).values(version=SCHEMA_VERSION))


def test_a_reader_sees_one_moment(storage: Storage) -> None:
    with storage.read() as reader:
        assert reader.execute(select(SchemaTable.version)).scalar() == SCHEMA_VERSION
        with storage.write() as writer:
            writer.execute(update(SchemaTable).values(version=99))
        assert reader.execute(select(SchemaTable.version)).scalar() == SCHEMA_VERSION
    with storage.read() as reader:
        assert reader.execute(select(SchemaTable.version)).scalar() == 99


def test_the_clock_of_the_database_counts_seconds_and_runs(storage: Storage) -> None:
    with storage.write() as connection:
        earlier = connection.execute(select(database_seconds())).scalar_one()
        later = connection.execute(select(database_seconds())).scalar_one()
    assert 1.7e9 < earlier <= later


def test_a_process_holds_at_most_two_connections(postgres: PostgresServer) -> None:
    url = postgres.create_database().render_as_string(hide_password=False)
    storage = open_storage(StorageConfig(url=url))
    try:
        with storage.exclusively(), storage.read() as connection:
            activity = text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend'"
            )
            # The server takes a moment to end the process of a connection that was closed before.
            deadline = time.monotonic() + 20
            while (held := connection.execute(activity).scalar()) != MAX_CONNECTIONS:
                assert time.monotonic() < deadline, held
                connection.rollback()  # what a transaction sees of the activity stays the same
                time.sleep(0.05)
    finally:
        storage.close()


def test_sqlite_without_creation_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"there is no database .*none\.db"):
        open_storage(StorageConfig(url=f"sqlite:///{tmp_path}/none.db"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_postgresql_without_creation_tells_that_it_is_empty(postgres_url: str) -> None:
    with pytest.raises(StorageError, match=r"no studies in .* yet; run `softshare search`"):
        open_storage(StorageConfig(url=postgres_url), create=False)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("not a database, but long enough for a header of one hundred bytes" * 3)
    with pytest.raises(StorageError, match=r"notes\.db: it is no SQLite database"):
        open_storage(StorageConfig(url=f"sqlite:///{path}"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(StorageError, match=r"runs/softshare\.db"):
        open_storage(StorageConfig(url=f"sqlite:///{tmp_path}/runs/softshare.db"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"password": "wrong{pass}word%"}, "wrong user or password"),
        ({"username": "stranger", "password": "wrong{pass}word%"}, "wrong user or password"),
        ({"database": "nowhere"}, "database nowhere .*: no such database"),
        ({"host": "host.invalid"}, "on host.invalid, .* no such host"),
    ],
)
def test_an_unusable_server_is_told_in_one_line_without_the_password(
    postgres: PostgresServer,
    changes: dict[str, Any],
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    url = postgres.url("postgres").set(**changes).render_as_string(hide_password=False)
    with pytest.raises(StorageError, match=message) as raised:
        open_storage(StorageConfig(url=url))
    assert "\n" not in str(raised.value)
    assert str(postgres.port) in str(raised.value)
    for secret in (PASSWORD, "wrong{pass}word%"):
        assert secret not in str(raised.value) + caplog.text


def test_a_port_where_nobody_listens_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        url = f"postgresql+psycopg2://user:secret@127.0.0.1:{port}/softshare"
        with pytest.raises(
            StorageError, match=f"on 127.0.0.1, port {port} as user user: no server"
        ):
            open_storage(StorageConfig(url=url))


def test_the_password_is_in_no_printed_form(postgres_url: str) -> None:
    config = StorageConfig(url=postgres_url)
    storage = open_storage(config)
    for shown in (repr(config), repr(storage), storage.address, str(storage.engine.url)):
        assert PASSWORD not in shown
        assert "s3cret" not in shown
    storage.close()


@pytest.mark.parametrize("url", ["postgres://user@host/name", "postgresql://user@host/name"])
def test_short_names_of_postgresql_take_the_installed_driver(url: str) -> None:
    assert StorageConfig(url=url).parsed.drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://user:secret@host/name", "but got mysql"),
        ("secret", "but got something that is no database address"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_other_addresses_are_refused_and_not_repeated(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        StorageConfig(url=url)
    assert "storage.url must be" in str(raised.value)
    assert "secret" not in str(raised.value)
