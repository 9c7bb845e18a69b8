"""Schedules over the training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.prior import PriorConfig
from core.retraining.schedule import cosine, warm_up, zero_std

fractions = st.floats(0, 1)


def test_the_cosine_falls_from_one_to_its_final_value():
    assert cosine(0.0, 0.01) == pytest.approx(1)
    assert cosine(0.5, 0.01) == pytest.approx(0.505)
    assert cosine(1.0, 0.01) == pytest.approx(0.01)


def test_the_warm_up_rises_linearly_and_stays():
    assert [warm_up(f, 0.1) for f in (0.0, 0.05, 0.1, 0.7)] == pytest.approx([0, 0.5, 1, 1])
    assert warm_up(0.0, 0.0) == 1.0


def test_the_zero_component_narrows_geometrically_between_start_and_end():
    config = PriorConfig(
        zero_std_initial=0.2, zero_std_mode=0.002, anneal_start=0.1, anneal_end=0.9
    )
    assert zero_std(0.05, config) == pytest.approx(0.2)
    assert zero_std(0.5, config) == pytest.approx(0.02)
    assert zero_std(0.95, config) == pytest.approx(0.002)


@given(fractions, fractions)
def test_the_zero_component_never_widens(first, second):
    early, late = sorted((first, second))
    config = PriorConfig()
    assert zero_std(late, config) <= zero_std(early, config) * (1 + 1e-12)


@given(fractions)
def test_without_annealing_the_width_is_the_mode(fraction):
    config = PriorConfig(zero_std_initial=None, zero_std_mode=0.02)
    assert zero_std(fraction, config) == 0.02
