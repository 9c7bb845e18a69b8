import dataclasses
from pathlib import Path

import optuna
import pytest
from sqlalchemy import delete, update

from core.reference import ReferenceNetwork
from search.configuration import to_stored
from search.errors import ArtifactError, StudyError
from search.reading import read_study
from search.records import ENQUEUED
from search.schema import SlotTable, StudyTable
from search.slots import claim, finish
from search.storage import Storage
from search.study import as_begun, join_study, open_study, resume_study
from tests.search.studies import (
    open_one,
    small_config,
    small_study,
    started,
    untrained_reference,
)

SETTINGS = ("tutorial", "paper")


def enqueued(storage: Storage, name: str = "study") -> list[str]:
    study = optuna.load_study(study_name=name, storage=storage.optuna_storage)
    return [trial.user_attrs[ENQUEUED]["setting"] for trial in study.get_trials()]


def test_a_new_study_holds_what_it_was_made_of(storage: Storage) -> None:
    config = small_config({"retrain.tau": 0.3}, num_trials=5)
    open_study(storage, config, untrained_reference(), data_fingerprint="abc")
    study = read_study(storage, "study").study
    assert study.config["retrain"]["tau"] == 0.3
    assert study.num_trials == 5
    assert study.data_fingerprint == "abc"
    assert study.reference.num_parameters == 266_610
    assert study.reference.float32_bytes == 1_066_440
    assert study.reference.validation_error == 0.02
    assert {"python", "torch", "optuna", "softshare"} <= study.versions.keys()
    assert study.created_at.tzinfo is not None


def test_a_worker_gets_configuration_and_reference_from_the_database(storage: Storage) -> None:
    small_study(storage, {"retrain.tau": 0.3}, num_trials=5)
    joined = join_study(
        storage, "study", small_config({"study.name": "ignored", "cache_dir": "here"})
    )
    assert joined.name == joined.config.study.name == "study"
    assert joined.config.retrain.tau == 0.3
    assert joined.config.cache_dir.name == "here"
    fetched = joined.load_reference()
    expected = untrained_reference()
    assert fetched.network_name == expected.network_name
    assert all((fetched.state[key] == expected.state[key]).all() for key in expected.state)


def test_a_missing_study_is_told_with_those_there(storage: Storage) -> None:
    with pytest.raises(StudyError, match=r"study\.name must be .*, but got lost; there are no"):
        join_study(storage, "lost", small_config())
    small_study(storage)
    with pytest.raises(StudyError, match="the studies there are study;"):
        join_study(storage, "lost", small_config())
    assert resume_study(storage, small_config({"study.name": "lost"})) is None


def test_settings_are_enqueued_once_in_their_order(storage: Storage) -> None:
    for _ in range(2):
        small_study(storage, settings=SETTINGS)
    assert enqueued(storage) == ["tutorial", "paper"]


def test_settings_are_enqueued_once_by_four_that_open_at_once(
    storage: Storage, storage_url: str
) -> None:
    config = small_config(settings=SETTINGS)
    with started(*[(open_one, (storage_url, config))] * 4) as processes:
        for process in processes:
            process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert enqueued(storage) == ["tutorial", "paper"]


def test_another_configuration_is_refused_with_the_differences(storage: Storage) -> None:
    small_study(storage, {"retrain.tau": 0.3})
    with pytest.raises(StudyError, match=r"retrain.tau: 0.3 in the study, 0.4 here") as raised:
        small_study(storage, {"retrain.tau": 0.4, "prior.num_components": 5})
    assert "prior.num_components" in str(raised.value)
    assert "study.name" in str(raised.value)
    assert "\n" not in str(raised.value)
    with pytest.raises(StudyError, match=r"retrain.tau"):
        resume_study(storage, small_config({"retrain.tau": 0.4}))


def test_a_study_that_is_only_named_goes_on_as_it_began(storage: Storage) -> None:
    study = small_study(storage, {"retrain.tau": 0.3, "study.num_trials": 7})
    other = small_config({"study.num_trials": 9})
    begun = as_begun(storage, other, ["study.name", "storage.url", "workers"])
    assert begun.retrain.tau == 0.3
    assert begun.study.num_trials == 7
    assert to_stored(begun) == to_stored(study.config)
    longer = as_begun(storage, other, ["study.name", "study.num_trials"])
    assert longer.study.num_trials == 9
    assert resume_study(storage, longer) is not None
    for said in (["storage.url"], ["study.name", "retrain.tau"], ["study.name", "experiment"]):
        assert as_begun(storage, other, said) is other
    assert (
        as_begun(storage, small_config({"study.name": "lost"}), ["study.name"]).retrain.tau != 0.3
    )


def test_a_study_from_before_a_key_was_there_is_resumed_at_its_default(storage: Storage) -> None:
    study = small_study(storage)
    config = to_stored(study.config)
    del config["study"]["policy"], config["method"]
    with storage.write() as connection:
        connection.execute(update(StudyTable).values(config=config))
    assert resume_study(storage, small_config()) is not None
    with pytest.raises(StudyError, match=r"study.policy: softshare in the study, random here"):
        resume_study(storage, small_config({"study.policy": "random"}))
    assert join_study(storage, "study", small_config()).config == study.config
    small_study(storage, {"study.name": "next", "study.start_from": "study"})


def test_files_cannot_be_kept_elsewhere_later(storage: Storage, tmp_path: Path) -> None:
    place = (tmp_path / "files").as_uri()
    study = small_study(storage, {"storage": {"artifacts": place}})
    assert len(list((tmp_path / "files").iterdir())) == 1  # the reference network
    study.load_reference()
    with pytest.raises(StudyError, match=r"storage.artifacts: file:.* in the study, database here"):
        small_study(storage)
    joined = join_study(storage, "study", small_config())  # a worker need not know
    assert joined.artifact_place == place
    joined.load_reference()


def test_names_and_places_may_differ(storage: Storage) -> None:
    small_study(storage)
    small_study(storage, {"workers": 7, "cache_dir": "elsewhere", "runs_dir": "elsewhere"})


def test_num_trials_grows_and_never_falls_below_what_finished(storage: Storage) -> None:
    study = small_study(storage, num_trials=2)
    for _ in range(2):
        slot = claim(storage, study.study_id, "worker")
        assert slot is not None
        finish(storage, slot)
    small_study(storage, num_trials=4)
    assert read_study(storage, "study").study.num_trials == 4
    small_study(storage, num_trials=2)
    with pytest.raises(StudyError, match=r"study.num_trials must be >= 2"):
        small_study(storage, num_trials=1)
    assert read_study(storage, "study").study.num_trials == 2


def test_a_creation_that_died_half_way_is_done_again(storage: Storage) -> None:
    small_study(storage, settings=SETTINGS)
    with storage.write() as connection:  # our row is written last
        connection.execute(delete(SlotTable))
        connection.execute(delete(StudyTable))
    small_study(storage, settings=SETTINGS)
    assert enqueued(storage) == ["tutorial", "paper"]


def test_a_study_of_another_program_is_left_alone(storage: Storage) -> None:
    foreign = optuna.create_study(study_name="study", storage=storage.optuna_storage)
    foreign.tell(foreign.ask(), 1.0)
    with pytest.raises(StudyError, match=r"was not made by softshare; choose another study.name"):
        small_study(storage)
    assert len(foreign.get_trials()) == 1


def test_a_damaged_reference_is_an_error_of_its_own(storage: Storage) -> None:
    study = small_study(storage)
    study.artifacts.remove(study.reference_artifact_id)
    with pytest.raises(ArtifactError, match="there is no artifact"):
        study.load_reference()


def test_studies_of_one_database_do_not_meet(storage: Storage) -> None:
    small_study(storage, num_trials=1)
    reference = untrained_reference()
    assert isinstance(reference, ReferenceNetwork)
    other = open_study(
        storage, small_config({"study.name": "other"}, num_trials=2), dataclasses.replace(reference)
    )
    assert claim(storage, other.study_id, "worker") is not None
    assert sum(other.count_slots().values()) == 2
    assert read_study(storage, "study").study.num_trials == 1
