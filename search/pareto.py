"""Pareto front and feasible-first order of two objectives: little accuracy lost, much compression.

Sorting and one sweep, O(n log n) (Kung, Luccio and Preparata 1975; ranks after Jensen 2003).
Nothing depends on the order of the trials: ties are broken by trial number.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar


class Objectives(NamedTuple):
    """What a trial is judged by.

    Attributes:
        accuracy_loss: minimised.
        compression_rate: maximised.
        number: the trial's number, which breaks ties; no two trials share it.
    """

    accuracy_loss: float
    compression_rate: float
    number: int


Trial = TypeVar("Trial")


def dominates(one: Objectives, other: Objectives) -> bool:
    """Return whether one is no worse in both objectives and better in at least one."""
    no_worse = (
        one.accuracy_loss <= other.accuracy_loss and one.compression_rate >= other.compression_rate
    )
    return no_worse and one[:2] != other[:2]


def pareto_front(trials: Iterable[Trial], objectives: Callable[[Trial], Objectives]) -> list[Trial]:
    """Return the trials that no other dominates, by growing accuracy loss and compression rate.

    Of trials with equal objectives the one with the lowest number stays. A trial with a
    measurement that is not a number never enters.
    """
    front = []
    best_rate = -math.inf
    for judged, trial in _sorted(trials, objectives):
        if judged.compression_rate > best_rate:
            best_rate = judged.compression_rate
            front.append(trial)
    return front


def non_domination_ranks(judged: Iterable[Objectives]) -> dict[int, int]:
    """Return by trial number how many fronts must be taken off before a trial is on the front.

    Equal objectives share a rank. Measurements that are not a number get no rank.
    """
    ranks: dict[int, int] = {}
    # The negative best rate of each front so far. It grows with the front: a point joins the
    # first front whose best rate lies below its own.
    bests: list[float] = []
    previous: Objectives | None = None
    for point, _ in _sorted(judged, lambda objectives: objectives):
        if previous is not None and point[:2] == previous[:2]:
            ranks[point.number] = ranks[previous.number]
            continue
        rank = bisect_right(bests, -point.compression_rate)
        if rank == len(bests):
            bests.append(-point.compression_rate)
        else:
            bests[rank] = -point.compression_rate
        ranks[point.number] = rank
        previous = point
    return ranks


def feasible_first(
    trials: Iterable[Trial],
    objectives: Callable[[Trial], Objectives],
    violation: Callable[[Trial], float],
) -> list[Trial]:
    """Return the trials from best to worst: by violation, then by non-domination, then by number.

    A collapsed network has the highest compression rate of all and is Pareto-optimal in the raw
    objectives; this order puts it last. Trials that are not numbers are left out.
    """
    trials = list(trials)
    ranks = non_domination_ranks(objectives(trial) for trial in trials)
    ranked = [trial for trial in trials if objectives(trial).number in ranks]

    def place(trial: Trial) -> tuple[float, int, int]:
        number = objectives(trial).number
        return max(0.0, violation(trial)), ranks[number], number

    return sorted(ranked, key=place)


def _sorted(
    trials: Iterable[Trial], objectives: Callable[[Trial], Objectives]
) -> list[tuple[Objectives, Trial]]:
    judged = [(objectives(trial), trial) for trial in trials]
    # The numbers differ, so that neither the objectives nor the trials are ever compared.
    order = sorted(
        (loss, -rate, number, place)
        for place, ((loss, rate, number), _) in enumerate(judged)
        if not math.isnan(loss) and not math.isnan(rate)
    )
    return [judged[place] for *_, place in order]
