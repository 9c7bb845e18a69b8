"""One typed configuration from YAML and overrides; what a database keeps of it, and back."""

import json
from pathlib import Path

import pytest

from core.errors import ConfigError
from search.configuration import (
    OutputFormat,
    StudyConfig,
    all_keys,
    compose,
    differences,
    from_stored,
    to_stored,
    with_params,
)


def test_overrides_reach_the_dataclasses() -> None:
    config = compose(["retrain.tau=0.3", "prior.form=exact", "output=json", "runs_dir=/tmp/r"])
    assert config.retrain.tau == 0.3
    assert config.prior.form.name == "exact"
    assert config.output is OutputFormat.json
    assert config.runs_dir == Path("/tmp/r")
    assert config.storage.url == "sqlite:////tmp/r/softshare.db"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("retrain.tau=0", "retrain.tau must be > 0, but got 0.0"),
        ("retrain.tau=-1", "retrain.tau must be > 0, but got -1.0"),
        (
            "prior.num_components=1",
            "prior.num_components must be >= 2, but got 1; the zero component needs at least one "
            "other beside it",
        ),
        (
            "score.max_accuracy_loss=-0.01",
            "score.max_accuracy_loss must be in [0, 1], but got -0.01; it is a fraction: 0.005 "
            "allows half a point",
        ),
        ("workers=0", "workers must be >= 1, but got 0"),
        ("study.num_trials=0", "study.num_trials must be >= 1, but got 0"),
        (
            "model.name=lenet",
            "model.name must be one of lenet_300_100, lenet_5_caffe, lenet_5_small, tutorial, "
            "wrn_16_4, but got lenet",
        ),
        (
            "model=lenet",
            "model must be one of lenet_300_100, lenet_5_caffe, tutorial, wrn_16_4, but got lenet",
        ),
        ("tau=1", "unknown key tau; did you mean retrain.tau?"),
        (
            "name=1",
            "unknown key name; did you mean model.name or student.name or method.name or "
            "study.name?",
        ),
        (
            "score.max_accuracy=1",
            "unknown key score.max_accuracy; did you mean score.max_accuracy_loss? the keys of "
            "score are accuracy_weight, compression_weight, max_accuracy_loss",
        ),
        (
            "+data.foo=1",
            "unknown key data.foo; the keys of data are dir, factory, num_validation, source",
        ),
        (
            "data=idx",
            "data.dir must be the folder of its files where data.source=idx, but got null; set "
            "data.dir=FOLDER",
        ),
        (
            "space.retrain.batch_size={low:0,high:256,integer:true}",
            "space.retrain.batch_size at 0: retrain.batch_size must be > 0, but got 0",
        ),
        (
            "space.prior.anneal_start.high=0.7",
            "space.prior.anneal_start at 0.7 with space.prior.anneal_end at 0.3: "
            "prior.anneal_start must be in [0, 1] and below prior.anneal_end, but got 0.7 with "
            "prior.anneal_end=0.3",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(word: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        compose([word])
    assert str(error.value) == message


def test_a_misspelt_searched_key_lists_the_right_ones() -> None:
    with pytest.raises(ConfigError, match=r"retrain.tua; did you mean retrain.tau\?"):
        compose(["space.retrain.tua={low:1,high:2}"])


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\nb", "x" * 121, ".hidden"])
def test_a_study_name_must_name_a_folder(name: str) -> None:
    with pytest.raises(ConfigError, match=r"study\.name must be"):
        StudyConfig(name=name)


def test_a_database_keeps_what_defines_trials_and_score() -> None:
    config = compose(["retrain.tau=0.3", "space.retrain.tau.high=1.0", "study.seed=7"])
    stored = json.loads(json.dumps(to_stored(config)))
    assert from_stored(stored, config) == config
    assert set(stored) == {
        "model",
        "data",
        "metric",
        "reference",
        "student",
        "prior",
        "shrinking",
        "retrain",
        "post_processing",
        "method",
        "score",
        "halving",
        "study",
        "space",
    }
    assert set(stored["study"]) == {"seed", "policy", "settings"}
    assert "dir" not in stored["data"]


def test_places_and_budgets_come_from_this_machine() -> None:
    stored = to_stored(compose(["retrain.tau=0.3", "workers=7"]))
    local = compose(["study.name=here", "study.num_trials=99", "data.dir=/data", "workers=3"])
    joined = from_stored(stored, local)
    assert joined.retrain.tau == 0.3
    assert joined.data.dir == "/data"
    assert (joined.study.name, joined.study.num_trials, joined.workers) == ("here", 99, 3)


def test_no_password_is_stored() -> None:
    config = compose(["storage.url=postgresql+psycopg2://user:secret@host/database"])
    assert "secret" not in json.dumps(to_stored(config))
    assert "secret" not in repr(config)


def test_differences_name_the_keys_and_both_values() -> None:
    there = to_stored(compose(["retrain.tau=0.2"]))
    here = to_stored(compose(["retrain.tau=0.3", "~space.retrain.lr_means", "study.num_trials=50"]))
    assert differences(there, there) == []
    assert differences(there, here) == [
        "retrain.tau: 0.2 in the study, 0.3 here",
        "space.retrain.lr_means.low: 1e-05 in the study, absent here",
        "space.retrain.lr_means.high: 0.01 in the study, absent here",
        "space.retrain.lr_means.log: true in the study, absent here",
    ]
    assert "retrain.tau: 0.3 in the study, 0.2 here" in differences(here, there)


def test_parameters_are_put_in_place_and_validated() -> None:
    config = compose()
    changed = with_params(
        config, {"prior.num_components": 5, "retrain.tau": 1, "prior.form": "exact"}
    )
    assert changed.prior.num_components == 5
    assert changed.retrain.tau == 1.0
    assert changed.prior.form.name == "exact"
    assert config.prior.num_components != 5
    with pytest.raises(ConfigError, match=r"prior\.num_components must be >= 2"):
        with_params(config, {"prior.num_components": 1})


def test_all_keys_are_dotted_and_leave_the_space_out() -> None:
    keys = all_keys()
    assert {"retrain.tau", "workers", "study.name", "storage.url"} <= set(keys)
    assert not any(key.startswith("space") for key in keys)
