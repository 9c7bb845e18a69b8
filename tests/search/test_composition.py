"""Overrides follow Hydra's grammar, and every refusal is a ConfigError that says what is right."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import conf
from core.errors import ConfigError
from search.composition import (
    CONF_DIR,
    as_override,
    choices,
    compose_tree,
    groups,
    overridden_keys,
    parse_override,
)


def test_the_files_are_those_of_the_installed_package() -> None:
    assert conf.__path__[0] == str(CONF_DIR)
    assert CONF_DIR.is_absolute()


def test_groups_and_their_choices_are_the_folders_and_their_files() -> None:
    assert {"prior", "retrain", "experiment", "model", "data"} <= set(groups())
    assert "setting" not in groups()
    assert choices("prior") == ["annealed", "paper", "tutorial"]
    assert choices("nothing") == []


def test_composition_takes_every_form_of_the_grammar() -> None:
    tree = compose_tree(
        "config",
        [
            "retrain=tutorial",
            "retrain.num_epochs=7",
            "~space.retrain.tau",
            "+space.retrain.batch_size={choices:[128,256]}",
            "++retrain.seed=3",
            "study.settings=[]",
            "study.name='a b'",
        ],
    )
    assert tree["retrain"]["num_epochs"] == 7
    assert tree["retrain"]["lr_weights"] == 5e-4
    assert tree["retrain"]["seed"] == 3
    assert "tau" not in tree["space"]["retrain"]
    assert tree["space"]["retrain"]["batch_size"] == {"choices": [128, 256]}
    assert tree["study"]["settings"] == []
    assert tree["study"]["name"] == "a b"


def test_a_key_that_the_chosen_file_leaves_out_can_be_set_without_a_plus() -> None:
    assert "form" not in compose_tree("config", ["prior=tutorial"])["prior"]
    tree = compose_tree("config", ["prior=tutorial", "prior.form=exact"])
    assert tree["prior"]["form"] == "exact"


def test_an_address_with_signs_of_the_grammar_needs_no_quotes() -> None:
    url = "postgresql+psycopg2://user@host:5432/database?sslmode=require&connect_timeout=3"
    assert compose_tree("config", [f"storage.url={url}"])["storage"]["url"] == url


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("retrain", "cannot read 'retrain'; write key=value, or key='text'"),
        ("a=[1", "cannot read the value of 'a'; write key=value, or key='text'"),
        ("=3", "'=3' must be of the form key=value, but got no key"),
        (
            "retrain.tau=1,2",
            "retrain.tau must be one value, but got retrain.tau=1,2; to search over values, put "
            "the key into the space",
        ),
        ("prior=nice", "prior must be one of annealed, paper, tutorial, but got nice"),
        (
            "experiment=x",
            f"experiment must be one of {', '.join(choices('experiment'))}, but got x",
        ),
        ("prior={tau:1}", "prior must be one of annealed, paper, tutorial, but got {'tau': 1}"),
    ],
)
def test_what_cannot_be_composed_is_refused_in_one_line(word: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        compose_tree("config", [word])
    assert str(error.value) == message


def test_what_hydra_refuses_comes_out_as_one_line() -> None:
    with pytest.raises(ConfigError) as error:
        compose_tree("config", ["~retrain.tau=17"])
    assert "retrain.tau" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_value_that_cannot_be_read_is_not_shown() -> None:
    with pytest.raises(ConfigError) as error:
        parse_override("storage.url='postgresql://user:secret@host/database")
    assert "secret" not in str(error.value)


def test_a_missing_environment_variable_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SOFTSHARE_NO_SUCH_VARIABLE", raising=False)
    with pytest.raises(ConfigError) as error:
        compose_tree("config", ["runs_dir=${oc.env:SOFTSHARE_NO_SUCH_VARIABLE}"])
    assert str(error.value) == (
        "runs_dir needs the environment variable SOFTSHARE_NO_SUCH_VARIABLE; set it, or set "
        "runs_dir itself"
    )


def test_every_set_key_is_asked_for() -> None:
    asked: list[str] = []
    compose_tree("config", ["retrain.tau=1", "prior=paper", "+x.y=2", "~workers"], asked.append)
    assert asked == ["retrain.tau", "x.y"]


def test_overridden_keys_are_told_with_their_values() -> None:
    assert overridden_keys(["score.max_accuracy_loss=0.1", "~space.retrain.tau"]) == {
        "score.max_accuracy_loss": 0.1,
        "space.retrain.tau": None,
    }


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" ")))
@example("it's")
@example("back\\")
@example("back\\'")
@example("back\\\\")
@example("null")
@example("TRUE")
@example("3")
@example("1e-3")
@example("a,b")
@example("[a")
@example("/tmp/runs (copy)/it's=1")
def test_any_text_survives_as_an_override(text: str) -> None:
    assert parse_override(as_override("runs_dir", text)).value() == text


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False))
def test_any_plain_value_survives_as_an_override(value: bool | float | None) -> None:
    read = parse_override(as_override("retrain.tau", value)).value()
    assert (read, type(read)) == (value, type(value))


def test_an_interpolation_in_a_text_stays_text() -> None:
    word = as_override("runs_dir", "a ${workers} b")
    assert compose_tree("config", [word])["runs_dir"] == "a ${workers} b"
