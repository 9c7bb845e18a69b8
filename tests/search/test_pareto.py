"""The front and the ranks equal their slow definitions and do not depend on the order of trials."""

import itertools
import math
import random

from hypothesis import given
from hypothesis import strategies as st

from search.pareto import (
    Objectives,
    dominates,
    feasible_first,
    non_domination_ranks,
    pareto_front,
)

# Few distinct values make for many ties.
losses = st.sampled_from([-0.01, 0.0, 0.002, 0.005, 0.01, 0.5, math.nan])
rates = st.sampled_from([1.0, 10.0, 50.0, 100.0, 300.0, math.nan])
points = st.lists(st.tuples(losses, rates) | st.tuples(st.floats(-1, 1), st.floats(1, 1e3))).map(
    lambda pairs: [Objectives(*pair, number) for number, pair in enumerate(pairs)]
)


def front(trials: list[Objectives]) -> list[Objectives]:
    return pareto_front(trials, lambda trial: trial)


def numbers(trials: list[Objectives]) -> list[Objectives]:
    return [t for t in trials if not math.isnan(t.accuracy_loss + t.compression_rate)]


def slow_front(trials: list[Objectives]) -> set[Objectives]:
    trials = numbers(trials)
    return {
        trial
        for trial in trials
        if not any(dominates(other, trial) for other in trials)
        and not any(other[:2] == trial[:2] and other.number < trial.number for other in trials)
    }


def slow_ranks(trials: list[Objectives]) -> dict[int, int]:
    left, ranks, rank = numbers(trials), {}, 0
    while left:
        best = [t for t in left if not any(dominates(other, t) for other in left)]
        ranks.update({trial.number: rank for trial in best})
        left = [t for t in left if t not in best]
        rank += 1
    return ranks


@given(points)
def test_the_front_is_that_of_the_slow_definition(trials: list[Objectives]) -> None:
    assert set(front(trials)) == slow_front(trials)


@given(points, st.randoms(use_true_random=False))
def test_the_front_does_not_depend_on_the_order(
    trials: list[Objectives], shuffler: random.Random
) -> None:
    shuffled = list(trials)
    shuffler.shuffle(shuffled)
    assert front(shuffled) == front(trials)


@given(points)
def test_the_front_grows_in_both_objectives_and_is_its_own_front(trials: list[Objectives]) -> None:
    once = front(trials)
    assert front(once) == once
    for here, there in itertools.pairwise(once):
        assert here.accuracy_loss < there.accuracy_loss
        assert here.compression_rate < there.compression_rate


@given(points)
def test_ranks_are_those_of_the_slow_definition(trials: list[Objectives]) -> None:
    assert non_domination_ranks(trials) == slow_ranks(trials)


def test_of_equal_trials_the_first_stays() -> None:
    trials = [Objectives(0.001, 100.0, number) for number in (4, 2, 9)]
    assert front(trials) == [Objectives(0.001, 100.0, 2)]


def test_nothing_has_an_empty_front() -> None:
    assert front([]) == []
    assert non_domination_ranks([]) == {}


def test_a_collapsed_network_is_on_the_raw_front_and_last_in_the_feasible_first_order() -> None:
    cap = 0.005
    good, better, small, collapsed = (
        Objectives(0.001, 90.0, 0),
        Objectives(0.003, 150.0, 1),
        Objectives(0.008, 220.0, 2),
        Objectives(0.87, 1000.0, 3),
    )
    dominated = Objectives(0.004, 80.0, 4)
    trials = [collapsed, dominated, small, better, good]
    assert collapsed in front(trials)
    ordered = feasible_first(trials, lambda t: t, lambda t: t.accuracy_loss - cap)
    assert ordered == [good, better, dominated, small, collapsed]


@given(points, st.randoms(use_true_random=False))
def test_the_feasible_first_order_does_not_depend_on_the_order(
    trials: list[Objectives], shuffler: random.Random
) -> None:
    def ordered(some: list[Objectives]) -> list[Objectives]:
        return feasible_first(some, lambda t: t, lambda t: t.accuracy_loss - 0.005)

    shuffled = list(trials)
    shuffler.shuffle(shuffled)
    assert ordered(shuffled) == ordered(trials)
    infeasible = [trial.accuracy_loss > 0.005 for trial in ordered(trials)]
    assert infeasible == sorted(infeasible)
