"""What is held back while a page rests, and for how long."""

import pytest

from dashboards.live.pace import MAX_REST_SECONDS, Pace


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_news_wait_until_drawing_has_had_no_more_than_its_share() -> None:
    clock = Clock()
    pace = Pace(max_load=0.05, now=clock)
    assert pace.told("a", "one") == "one"
    assert pace.told("a", "two") == "two"  # it rested long enough
    pace.drew("a", 0.2)
    clock.seconds += 3.7
    assert pace.told("a", "three") == "two"
    assert pace.told("b", "first") == "first"  # another study is not concerned
    clock.seconds += 0.2
    assert pace.told("a", "four") == "four"


def test_a_page_that_opens_while_a_study_rests_is_told_what_the_others_were() -> None:
    pace = Pace(max_load=0.05, now=Clock())
    pace.drew("a", 1.0)
    assert pace.told("a", "one") == "one"
    assert pace.told("a", "two") == "one"


@pytest.mark.parametrize(("max_load", "rest"), [(1.0, 0.0), (0.01, MAX_REST_SECONDS)])
def test_a_rest_has_bounds(max_load: float, rest: float) -> None:
    clock = Clock()
    pace = Pace(max_load=max_load, now=clock)
    pace.told("a", "one")
    pace.drew("a", 5.0)
    if rest:
        clock.seconds += rest - 0.01
        assert pace.told("a", "two") == "one"
    clock.seconds += 0.02
    assert pace.told("a", "three") == "three"
