"""The best of a schedule go on: within the cap first, then by what they add to the front."""

import math
import random

import pytest

from core.errors import ConfigError
from search.halving import HalvingConfig, best_first, cap_of_schedule, goes_on
from search.pareto import Objectives

CAP = 0.005


def test_the_whole_schedule_comes_last_and_small_studies_have_no_other() -> None:
    config = HalvingConfig(schedules=[0.1, 0.3], min_trials=40)
    assert config.ladder(39) == (1.0,)
    assert config.ladder(40) == (0.1, 0.3, 1.0)
    assert HalvingConfig().ladder(10_000) == (1.0,)


@pytest.mark.parametrize("schedules", [[0.0], [1.0], [0.5, 0.25], [0.25, 0.25], [-1.0]])
def test_schedules_that_do_not_rise_to_the_whole_are_refused(schedules: list[float]) -> None:
    with pytest.raises(ConfigError, match=r"halving.schedules must be rising fractions"):
        HalvingConfig(schedules=schedules)


def test_a_factor_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"halving.factor must be >= 1"):
        HalvingConfig(factor=0.5)


def test_a_collapsed_network_comes_last_and_the_nearer_to_the_cap_the_sooner() -> None:
    tried = [
        Objectives(0.87, 5000.0, 0),
        Objectives(0.006, 300.0, 1),
        Objectives(0.004, 100.0, 2),
        Objectives(0.010, 400.0, 3),
        Objectives(0.005, 50.0, 4),  # dominated by 2
        Objectives(math.nan, 100.0, 5),
    ]
    assert best_first(tried, CAP) == [2, 4, 1, 3, 0]


def test_within_a_front_what_adds_most_comes_first() -> None:
    tried = [
        Objectives(0.0010, 100.0, 0),
        Objectives(0.0011, 100.1, 1),  # beside the first, it adds next to nothing
        Objectives(0.0030, 400.0, 2),
    ]
    assert best_first(tried, CAP)[-1] == 1


def test_about_one_in_factor_goes_on_and_the_first_does() -> None:
    generator = random.Random(0)
    tried: list[Objectives] = []
    gone_on = 0
    for number in range(300):
        rate = generator.uniform(50, 400)
        tried.append(Objectives(generator.uniform(0, 0.02), rate, number))
        gone_on += goes_on(number, tried, 3.0, CAP)
        if number == 0:
            assert gone_on == 1
    # records are rarer than a third, those near the top are not
    assert 80 <= gone_on <= 130


def test_everything_goes_on_where_the_factor_is_one() -> None:
    tried = [Objectives(0.9, 1000.0 * number, number) for number in range(1, 5)]
    assert all(goes_on(point.number, tried, 1.0, CAP) for point in tried)


def test_a_short_schedule_is_given_what_the_whole_one_gives_back() -> None:
    tried = {n: Objectives(0.010 + n / 1000, 100.0, n) for n in range(5)}
    whole = {n: Objectives(0.006, 100.0, n) for n in (0, 1, 2, 9)}
    assert cap_of_schedule(tried, whole, CAP) == pytest.approx(CAP + 0.005)
    assert cap_of_schedule(tried, {}, CAP) == CAP
    worse = {n: Objectives(0.9, 100.0, n) for n in range(5)}
    assert cap_of_schedule(tried, worse, CAP) == CAP  # never below the study's own
