"""What only reads: sessions that cannot write, studies read by and by, and who works."""

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.exc import DBAPIError

from search.errors import StorageError
from search.overview import read_study_names, read_trial_config, read_workers
from search.read_only import open_for_reading
from search.reading import read_curves, read_study
from search.schema import StudyTable
from search.slots import claim
from search.storage import Storage, StorageConfig
from tests.search.studies import instant_compress, run_one, small_study


def test_the_database_itself_refuses_every_write(storage: Storage, storage_url: str) -> None:
    small_study(storage)
    database = open_for_reading(StorageConfig(url=storage_url))
    for statement in (
        update(StudyTable).values(name="mine"),
        text("DELETE FROM trials"),
        text("CREATE TABLE mine (a INTEGER)"),
    ):
        with pytest.raises(DBAPIError, match=r"read-?only"), database.engine.begin() as connection:
            connection.execute(statement)
    assert read_study_names(database) == ("study",)
    database.close()


def test_a_database_without_studies_is_told(storage_url: str) -> None:
    with pytest.raises(StorageError, match=r"no database|no studies"):
        open_for_reading(StorageConfig(url=storage_url))


def test_what_was_read_before_is_not_read_again(storage: Storage, storage_url: str) -> None:
    study = small_study(storage, num_trials=6)
    for _ in range(3):
        run_one(study, instant_compress)
    database = open_for_reading(StorageConfig(url=storage_url))
    before = read_study(database, "study")
    run_one(study, instant_compress)
    asked: list[object] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[3]))
    after = read_study(database, "study", known=before)
    assert after == read_study(database, "study")
    assert after.trials[:3] == before.trials
    assert all(one is other for one, other in zip(after.trials, before.trials, strict=False))
    assert len(after.trials) == 4
    database.close()


def test_workers_curves_and_configurations_are_read(storage: Storage, storage_url: str) -> None:
    study = small_study(storage, num_trials=3)
    run_one(study, instant_compress)
    assert claim(storage, study.study_id, "host:7:b") is not None
    assert claim(storage, study.study_id, "host:8:c", lease_seconds=-5) is not None
    database = open_for_reading(StorageConfig(url=storage_url))
    workers = {worker.worker: worker for worker in read_workers(database)}
    assert workers["host:7:b"].is_alive
    assert not workers["host:8:c"].is_alive
    assert [epoch.epoch for epoch in read_curves(database, "study", [0])] == [1, 2]
    assert read_curves(database, "study", []) == ()
    config = read_trial_config(database, "study", 0)
    assert config["retrain"]["tau"] == read_study(database, "study").trials[0].params["retrain.tau"]
    assert read_trial_config(database, "study", 9) == {}
    database.close()
