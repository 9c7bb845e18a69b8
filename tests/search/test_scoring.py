"""The score: feasibility by the cap, and the scalar view by its closed form."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from search.scoring import ScoreConfig, score


@dataclass(frozen=True)
class Result:
    accuracy_loss: float | None
    compression_rate: float | None
    file_bytes: int | None = 1000


def test_the_cap_itself_is_within_the_cap() -> None:
    config = ScoreConfig(max_accuracy_loss=0.005)
    assert score(Result(0.005, 100.0), config).feasible
    assert 0.0233 - 0.0183 > 0.005  # by rounding alone
    assert score(Result(0.0233 - 0.0183, 100.0), config).feasible
    beyond = score(Result(0.0061, 100.0), config)
    assert not beyond.feasible
    assert beyond.violation == pytest.approx(0.0011)


def test_a_network_better_than_its_reference_is_feasible() -> None:
    judged = score(Result(-0.002, 100.0), ScoreConfig(max_accuracy_loss=0.0))
    assert (judged.feasible, judged.violation) == (True, 0.0)


def test_the_scalar_score_has_its_closed_form() -> None:
    config = ScoreConfig(accuracy_weight=100.0, compression_weight=1.0)
    assert score(Result(0.0, math.e**5), config).scalar == pytest.approx(5.0)
    # At a weight of 100 one point of accuracy is worth a factor e of compression.
    worse_but_smaller = score(Result(0.01, math.e**6), config).scalar
    assert worse_but_smaller == pytest.approx(score(Result(0.0, math.e**5), config).scalar)
    heavier = ScoreConfig(accuracy_weight=200.0, compression_weight=2.0)
    assert score(Result(0.01, math.e**6), heavier).scalar == pytest.approx(10.0)


@given(st.floats(-0.1, 1), st.floats(1, 1e4), st.floats(1e-4, 0.5), st.floats(1.001, 10))
def test_the_scalar_score_grows_with_accuracy_and_with_compression(
    loss: float, rate: float, less: float, factor: float
) -> None:
    config = ScoreConfig()
    here = score(Result(loss, rate), config).scalar
    assert score(Result(loss - less, rate), config).scalar > here
    assert score(Result(loss, rate * factor), config).scalar > here


@pytest.mark.parametrize(
    "result",
    [
        Result(None, 10.0),
        Result(0.0, None),
        Result(0.0, 10.0, None),
        Result(math.nan, 10.0),
        Result(0.0, math.inf),
        Result(0.0, 0.0),
    ],
)
def test_what_is_not_measured_has_no_score(result: Result) -> None:
    with pytest.raises(ValueError, match="score"):
        score(result, ScoreConfig())


@pytest.mark.parametrize("key", ["max_accuracy_loss", "accuracy_weight", "compression_weight"])
def test_values_below_zero_are_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"score\.{key} must be .* but got -0.1"):
        ScoreConfig(**{key: -0.1})
