"""Tables of an earlier softshare become those of this one, with all that they hold."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, select, text, update

from search.artifacts import Artifacts, load_artifact
from search.command_line import main
from search.errors import StorageError
from search.schema import SCHEMA_VERSION, SchemaTable, StudyTable, Tables
from search.storage import Storage, StorageConfig, open_storage
from search.upgrades import STEPS, upgrade

GOLDEN = Path(__file__).parent / "golden"

CONTENT = """
INSERT INTO softshare_schema (version) VALUES (1);
INSERT INTO softshare_study VALUES
    (1, 'old', 1, '{}', '{}', 'network', NULL, '{}', NULL, 3, 1.5, 0.0);
INSERT INTO softshare_artifact VALUES ('network', 3,
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 1.5);
INSERT INTO softshare_artifact_chunk (artifact_id, position, content)
    SELECT 'network', 0, CAST('abc' AS {BYTES});
"""


@pytest.fixture
def old_url(storage: Storage, storage_url: str) -> str:
    """The address of a database as softshare left it at version 1."""
    is_sqlite = storage.is_sqlite
    storage.close()
    script = (GOLDEN / f"version_1.{'sqlite' if is_sqlite else 'postgresql'}.sql").read_text()
    script += CONTENT.replace("{BYTES}", "BLOB" if is_sqlite else "BYTEA")
    engine = create_engine(storage_url)
    Tables.metadata.drop_all(engine)
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(text(statement.replace(":", r"\:")))
    engine.dispose()
    return storage_url


def test_every_version_has_its_step() -> None:
    assert sorted(STEPS) == list(range(1, SCHEMA_VERSION))


def test_old_tables_are_refused_with_the_command_that_upgrades_them(old_url: str) -> None:
    with pytest.raises(StorageError, match="version 1; upgrade them with `softshare storage upg"):
        open_storage(StorageConfig(url=old_url))


def test_upgraded_tables_are_those_of_an_empty_database_and_keep_what_they_hold(
    old_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["storage", "upgrade", f"storage.url={old_url}"]) == 0
    assert capsys.readouterr().out.endswith(f"are of version {SCHEMA_VERSION}, were of version 1\n")
    engine = create_engine(old_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _parents: (
                    kind != "table" or name in Tables.metadata.tables
                )
            },
        )
        assert compare_metadata(context, Tables.metadata) == []
        study = connection.execute(select(StudyTable.__table__)).one()
        assert (study.name, study.artifacts) == ("old", "database")
    engine.dispose()
    assert upgrade(StorageConfig(url=old_url)) == SCHEMA_VERSION


def test_upgraded_files_can_be_read(old_url: str) -> None:
    upgrade(StorageConfig(url=old_url))
    storage = open_storage(StorageConfig(url=old_url))
    assert load_artifact(Artifacts(storage), "network") == b"abc"
    storage.close()


def test_old_tables_of_optuna_follow(storage: Storage, storage_url: str) -> None:
    with storage.write() as connection:
        connection.execute(text("DROP INDEX ix_trials_study_id"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'v3.0.0.d'"))
    storage.close()
    with pytest.raises(StorageError, match="with `softshare storage upgrade`"):
        open_storage(StorageConfig(url=storage_url))
    assert upgrade(StorageConfig(url=storage_url)) == SCHEMA_VERSION
    storage = open_storage(StorageConfig(url=storage_url))
    with storage.read() as connection:
        names = {index["name"] for index in inspect(connection).get_indexes("trials")}
    assert "trials_study_id_key" in names
    storage.close()


def test_an_upgrade_that_breaks_off_leaves_the_tables_as_they_were(
    old_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = STEPS[1]

    def breaking(operations: object) -> None:
        step(operations)  # type: ignore[arg-type] # what the real step takes
        raise StorageError("the power went away")

    monkeypatch.setitem(STEPS, 1, breaking)
    with pytest.raises(StorageError, match="power"):
        upgrade(StorageConfig(url=old_url))
    monkeypatch.undo()
    assert upgrade(StorageConfig(url=old_url)) == 1


def test_tables_of_a_later_version_are_left_alone(storage: Storage, storage_url: str) -> None:
    with storage.write() as connection:
        connection.execute(update(SchemaTable).values(version=SCHEMA_VERSION + 1))
    with pytest.raises(StorageError, match="use a later one"):
        upgrade(StorageConfig(url=storage_url))
    with pytest.raises(StorageError, match="as new as the one that made them"):
        open_storage(StorageConfig(url=storage_url))


def test_an_empty_database_is_initialised_and_not_upgraded(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"storage.url={postgres_url}"
    assert main(["storage", "upgrade", words]) == 2
    assert "make them with `softshare storage init`" in capsys.readouterr().err
    for _ in range(2):
        assert main(["storage", "init", words]) == 0
        assert capsys.readouterr().out.endswith(f"are of version {SCHEMA_VERSION}\n")
    assert main(["storage", "mend", words]) == 2
    assert "init or upgrade, but got mend" in capsys.readouterr().err
