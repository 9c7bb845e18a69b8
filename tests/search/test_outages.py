import threading
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError

from search.database_errors import unreachable
from search.outages import Patience, is_outage
from search.storage import StorageConfig, open_storage
from tests.postgres import PostgresServer


def error_of(url: str, statement: str) -> DBAPIError:
    engine = create_engine(url, connect_args={"timeout": 0} if "sqlite" in url else {})
    with pytest.raises(DBAPIError) as raised, engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
    return raised.value


def test_a_missing_table_is_no_outage(storage_url: str) -> None:
    open_storage(StorageConfig(url=storage_url)).close()
    assert not is_outage(error_of(storage_url, "SELECT * FROM nothing"))


def test_a_server_that_is_not_there_is_an_outage(postgres: PostgresServer) -> None:
    url = postgres.url("postgres").set(port=1).render_as_string(hide_password=False)
    assert is_outage(error_of(url, "SELECT 1"))


def test_a_connection_that_was_cut_is_an_outage_also_in_optunas_wrapping(
    postgres: PostgresServer,
) -> None:
    url = postgres.url("postgres").render_as_string(hide_password=False)
    cut = error_of(url, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_outage(cut)
    with pytest.raises(StorageInternalError) as wrapped:
        raise StorageInternalError("told by Optuna") from cut
    assert is_outage(wrapped.value)
    assert not is_outage(StorageInternalError("of its own"))


def test_asking_again_in_a_transaction_that_was_cut_is_an_outage(postgres: PostgresServer) -> None:
    engine = create_engine(postgres.url("postgres"))
    with engine.connect() as connection:
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        # As Optuna does where its first way of reading trials fails.
        with pytest.raises(PendingRollbackError) as raised:
            connection.execute(text("SELECT 1"))
    engine.dispose()
    assert is_outage(raised.value)


def test_a_full_disk_of_the_server_is_an_outage(postgres: PostgresServer) -> None:
    url = postgres.url("postgres").render_as_string(hide_password=False)
    full = error_of(url, "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$")
    assert is_outage(full)


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ("FATAL:  the database system is not yet accepting connections", True),
        ("FATAL:  the database system is in recovery mode", True),
        ("FATAL:  sorry, too many clients already", True),
        ("server closed the connection unexpectedly", True),
        ('FATAL:  password authentication failed for user "ann"', False),
        ('FATAL:  database "nets" does not exist', False),
        ("permission denied for schema public", False),
    ],
)
def test_what_may_pass_is_waited_for_and_what_somebody_must_mend_is_not(
    said: str, passes: bool
) -> None:
    url = make_url("postgresql+psycopg2://ann@127.0.0.1/nets")
    assert is_outage(unreachable(url, Exception(said))) is passes


def test_a_busy_file_is_an_outage(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/busy.db"
    engine = create_engine(url)
    with engine.connect() as holder:
        holder.exec_driver_sql("CREATE TABLE numbers (number INTEGER)")
        holder.exec_driver_sql("BEGIN EXCLUSIVE")
        assert is_outage(error_of(url, "SELECT * FROM numbers"))
    engine.dispose()


def fail_times(num_failures: int, error: Exception) -> tuple[list[int], object]:
    calls: list[int] = []

    def operation() -> str:
        calls.append(len(calls))
        if len(calls) <= num_failures:
            raise error
        return "done"

    return calls, operation


def test_an_outage_is_sat_out(tmp_path: Path) -> None:
    away = OperationalError("SELECT 1", {}, Exception("server closed the connection"))
    calls, operation = fail_times(2, away)
    assert callable(operation)
    assert Patience()(operation) == "done"
    assert len(calls) == 3


def test_patience_ends(tmp_path: Path) -> None:
    away = OperationalError("SELECT 1", {}, Exception("server closed the connection"))
    calls, operation = fail_times(1000, away)
    assert callable(operation)
    with pytest.raises(OperationalError):
        Patience(seconds=0.3)(operation)
    assert 1 < len(calls) < 1000


def test_nobody_waits_who_is_told_to_stop() -> None:
    stop = threading.Event()
    stop.set()
    away = OperationalError("SELECT 1", {}, Exception("server closed the connection"))
    calls, operation = fail_times(1000, away)
    assert callable(operation)
    with pytest.raises(OperationalError):
        Patience(stop)(operation)
    assert len(calls) == 1


def test_other_errors_are_not_repeated(storage_url: str) -> None:
    open_storage(StorageConfig(url=storage_url)).close()
    wrong = error_of(storage_url, "SELECT * FROM nothing")
    calls, operation = fail_times(1, wrong)
    assert callable(operation)
    with pytest.raises(type(wrong)):
        Patience()(operation)
    assert len(calls) == 1
