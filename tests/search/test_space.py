"""The search space: coordinates and natural values are one-to-one, and bounds are held."""

import math
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from search.configuration import compose
from search.space import Dimension, SearchSpace

SPACE = SearchSpace(compose().space)
PAPER = SearchSpace(compose(["experiment=paper"]).space)


@st.composite
def dimensions(draw: st.DrawFn) -> Dimension:
    kind = draw(st.sampled_from(["float", "log", "integer", "complement", "choices"]))
    if kind == "choices":
        choices = draw(
            st.lists(st.sampled_from([1, 2.5, "a", False, None]), min_size=1, unique=True)
        )
        return Dimension("prior.key", choices=tuple(choices))
    if kind == "integer":
        low = draw(st.integers(1, 100))
        high = low + draw(st.integers(1, 100))
        return Dimension("prior.key", low, high, integer=True, log=draw(st.booleans()))
    ends = {
        "float": st.floats(-1e6, 1e6),
        "log": st.floats(1e-9, 1e9),
        "complement": st.floats(0.5, 0.999999),
    }[kind]
    low, high = sorted(draw(st.lists(ends, min_size=2, max_size=2, unique=True)))
    return Dimension("prior.key", low, high, log=kind != "float", complement=kind == "complement")


@given(dimensions(), st.data())
def test_decoding_undoes_encoding(dimension: Dimension, data: st.DataObject) -> None:
    if dimension.choices:
        value: Any = data.draw(st.sampled_from(dimension.choices))
    else:
        assert dimension.low is not None
        assert dimension.high is not None
        numbers = st.integers if dimension.integer else st.floats
        value = data.draw(numbers(dimension.low, dimension.high))  # type: ignore[arg-type]  # both kinds
    decoded = dimension.decode(dimension.encode(value))
    assert decoded == value
    assert type(decoded) is type(value)


@given(dimensions(), st.integers(0, 2**31))
def test_what_is_suggested_can_be_enqueued_and_comes_back(dimension: Dimension, seed: int) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    first = dimension.suggest(study.ask())
    study.enqueue_trial({dimension.name: dimension.encode(first)})
    trial = study.ask()
    assert dimension.suggest(trial) == first
    assert set(trial.params) == {dimension.name}


@given(dimensions())
def test_the_ends_are_within_the_range(dimension: Dimension) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for end in dimension.ends:
        study.enqueue_trial({dimension.name: dimension.encode(end)})
        assert dimension.suggest(study.ask()) == end


def test_a_proportion_is_searched_by_its_distance_from_one() -> None:
    dimension = PAPER.dimensions["prior.zero_mixing_proportion"]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = [study.ask() for _ in range(400)]
    values = [dimension.suggest(trial) for trial in trials]
    assert all(0.9 <= float(value) <= 0.9999 for value in values)  # type: ignore[arg-type]  # numbers
    # Uniform in log(1 - x): as many between 0.9 and 0.99 as between 0.99 and 0.999.
    shares = [sum(low <= 1 - float(v) < 10 * low for v in values) for low in (1e-2, 1e-3)]  # type: ignore[arg-type]  # numbers
    assert all(90 < share < 180 for share in shares)
    assert set(trials[0].params) == {"1 - prior.zero_mixing_proportion"}


def test_the_papers_space_has_its_13_hyperparameters() -> None:
    assert len(PAPER.dimensions) == 13
    assert set(PAPER.dimensions) <= set(SPACE.dimensions)
    assert set(SPACE.dimensions) - set(PAPER.dimensions) == {
        "prior.learn_zero_mixing_proportion",
        "prior.zero_std_initial",
        "prior.anneal_start",
        "prior.anneal_end",
        "post_processing.rate_weight",
        "post_processing.num_centroids",
    }


def test_a_whole_space_is_suggested_encoded_and_decoded() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    trial = study.ask()
    params = SPACE.suggest(trial)
    assert set(params) == set(SPACE.dimensions)
    assert SPACE.decode(trial.params) == params
    assert SPACE.decode(SPACE.encode(params)) == params


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"retrain.tau": 5.0},
            "retrain.tau must be in [0.002, 2], but got 5.0; or widen space.retrain.tau",
        ),
        (
            {"retrain.tau": None},
            "retrain.tau must be in [0.002, 2], but got null; or widen space.retrain.tau",
        ),
        (
            {"prior.num_components": 7.5},
            "prior.num_components must be a whole number in [4, 32], but got 7.5; or widen "
            "space.prior.num_components",
        ),
        (
            {"prior.learn_zero_mixing_proportion": 1},
            "prior.learn_zero_mixing_proportion must be one of false, true, but got 1; or widen "
            "space.prior.learn_zero_mixing_proportion",
        ),
    ],
)
def test_a_value_outside_the_space_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        SPACE.encode(params)
    assert str(error.value) == message


def test_nan_is_outside_every_range() -> None:
    with pytest.raises(ConfigError, match=r"retrain\.tau must be in"):
        SPACE.encode({"retrain.tau": math.nan})


def test_unknown_keys_and_coordinates_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown key retrain\.seed; "):
        SPACE.encode({"retrain.seed": 1})
    with pytest.raises(ConfigError, match=r"unknown key prior\.zero_mixing_proportion; "):
        SPACE.decode({"prior.zero_mixing_proportion": 0.1})


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            {"study": {"seed": {"low": 0, "high": 1}}},
            "space.study must be below one of student, prior, shrinking, retrain, "
            "post_processing, method, whose keys define a trial, but got study",
        ),
        ({"retrain": 3}, "space.retrain must be a group of keys, but got 3"),
        (
            {"retrain": {"tau": None}},
            "space.retrain.tau must be {low, high} or {choices}, but got null",
        ),
        (
            {"retrain": {"tau": {"low": 1}}},
            "space.retrain.tau must have low and high, or choices, but got low",
        ),
        (
            {"retrain": {"tau": {"low": 1, "hihg": 2}}},
            "unknown key space.retrain.tau.hihg; did you mean space.retrain.tau.high? the keys of "
            "space.retrain.tau are choices, complement, high, integer, log, low",
        ),
        (
            {"retrain": {"tau": {"low": 2, "high": 1}}},
            "space.retrain.tau.low must be below space.retrain.tau.high, but got 2 and 1",
        ),
        (
            {"retrain": {"tau": {"low": 0, "high": 1, "log": True}}},
            "space.retrain.tau.low must be > 0 on a logarithmic scale, but got 0",
        ),
        (
            {"retrain": {"tau": {"low": 0.1, "high": 0.9, "complement": True}}},
            "space.retrain.tau must be in [0.5, 1) as a complement, but got 0.1..0.9",
        ),
        (
            {"retrain": {"tau": {"low": 0.5, "high": 3, "integer": True}}},
            "space.retrain.tau must be whole, but got 0.5..3",
        ),
        (
            {"retrain": {"tau": {"low": 0.5, "high": 1, "choices": [1]}}},
            "space.retrain.tau must be either choices or a range, but got low, high, choices",
        ),
        (
            {"retrain": {"tau": {"choices": [[1]]}}},
            "space.retrain.tau.choices must be a list of plain values, but got [[1]]",
        ),
        (
            {"retrain": {"tau": {"low": "x", "high": 1}}},
            "space.retrain.tau.low must be a number or null, but got x",
        ),
    ],
)
def test_a_range_that_is_none_is_refused(space: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        SearchSpace(space)
    assert str(error.value) == message


def test_a_trial_is_asked_for_what_its_method_reads_alone() -> None:
    space = SearchSpace(compose(["method=all"]).space)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for method in ("soft_weight_sharing", "magnitude_pruning"):
        study.enqueue_trial({"method.name": method})
        params = space.suggest(study.ask())
        assert params["method.name"] == method
        assert set(params) == set(space.active(method))
        assert space.decode(study.trials[-1].params) == params
    assert "method.magnitude_pruning.sparsity" in params
    assert "post_processing.rate_weight" in params
    assert not [key for key in params if key.startswith("prior.") or key == "retrain.tau"]


def test_a_method_that_is_not_searched_decides_what_is() -> None:
    space = SearchSpace(compose(["method=magnitude_pruning"]).space)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    params = space.suggest(study.ask(), "magnitude_pruning")
    assert "method.name" not in params
    assert "method.magnitude_pruning.sparsity" in params
    assert "retrain.tau" not in params


def test_a_searched_method_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"space.method.name at bogus: method.name must be one"):
        compose(["method=all", "space.method.name.choices=[bogus]"])


def test_any_key_of_a_trial_may_be_searched() -> None:
    config = compose(
        [
            "space.retrain.batch_size={choices:[128,256]}",
            "space.prior.form={choices:[exact,tabulated]}",
            "space.post_processing.fine_tuning_epochs={low:0,high:12,integer:true}",
        ]
    )
    space = SearchSpace(config.space)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    params = space.suggest(study.ask())
    assert params["retrain.batch_size"] in (128, 256)
    assert params["prior.form"] in ("exact", "tabulated")
    assert params["post_processing.fine_tuning_epochs"] in range(13)
