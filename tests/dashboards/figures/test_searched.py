"""Places and round values along a searched key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.figures.searched import position, ticks
from search.space import Dimension


@pytest.mark.parametrize(
    ("dimension", "texts"),
    [
        (Dimension(key="a", low=1e-5, high=2e-2, log=True), ["1e-05", "0.0001", "0.001", "0.01"]),
        (Dimension(key="a", low=4, high=32, log=True, integer=True), ["5", "10", "20"]),
        (Dimension(key="a", low=1, high=4, integer=True), ["1", "2", "3", "4"]),
        (
            Dimension(key="a", low=0.9, high=0.9999, log=True, complement=True),
            ["0.9999", "0.999", "0.99", "0.9"],
        ),
        (Dimension(key="a", low=0.0, high=0.25), ["0", "0.05", "0.1", "0.15", "0.2", "0.25"]),
        (Dimension(key="a", choices=(True, False)), ["true", "false"]),
    ],
)
def test_ticks_are_round(dimension: Dimension, texts: list[str]) -> None:
    assert [text for _, text in ticks(dimension)] == texts


@given(
    st.floats(1e-8, 1e3),
    st.floats(1.5, 1e8),
    st.booleans(),
)
def test_ticks_lie_within_the_range(low: float, factor: float, log: bool) -> None:
    found = ticks(Dimension(key="a", low=low, high=low * factor, log=log))
    assert all(-1e-6 <= place <= 1 + 1e-6 for place, _ in found)
    assert len(found) <= 11


def test_a_value_that_is_no_value_of_the_key_has_no_place() -> None:
    assert position(Dimension(key="a", low=1.0, high=2.0, log=True), -1.0) is None
    assert position(Dimension(key="a", low=1.0, high=2.0), "two") is None
    assert position(Dimension(key="a", choices=(1, 2)), 3) is None
