"""Successive halving: trials begin on short schedules, and only the best go on to longer ones.

The asynchronous form that stops trials where they are (Li et al. 2020), for two objectives:
feasible first, then by non-domination, then by what a trial adds to the hypervolume. Every schedule
is a whole compression, annealing and file included, because the start of a long annealed one says
little about its end. A trial that goes no further is complete: its file stands as it is.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import require
from search.hypervolume import contributions
from search.pareto import Objectives, non_domination_ranks

WHOLE = 1.0
"""The whole schedule, as a fraction of itself."""


@dataclass(kw_only=True)
class HalvingConfig:
    """On which schedules trials are tried before the whole one.

    Attributes:
        schedules: fractions of the epochs of every phase, rising; none switches halving off.
        factor: of the trials that were tried on a schedule, the best ``1 / factor`` go on.
        min_trials: smaller studies do without.
    """

    schedules: list[float] = field(default_factory=list)
    factor: float = 3.0
    min_trials: int = 40

    def __post_init__(self) -> None:
        between = all(0 < schedule < 1 for schedule in self.schedules)
        rising = sorted(set(self.schedules)) == self.schedules
        require(
            between and rising,
            "halving.schedules",
            "rising fractions between 0 and 1",
            self.schedules,
            "the whole schedule comes last by itself",
        )
        require(self.factor >= 1, "halving.factor", ">= 1", self.factor, "1 lets all go on")
        require(self.min_trials >= 1, "halving.min_trials", ">= 1", self.min_trials)

    def ladder(self, num_trials: int) -> tuple[float, ...]:
        """Return the schedules of a study of so many trials, the whole one last."""
        return (*self.schedules, WHOLE) if num_trials >= self.min_trials else (WHOLE,)


def goes_on(
    number: int, tried: Sequence[Objectives], factor: float, max_accuracy_loss: float
) -> bool:
    """Return whether a trial is among the best of those that were tried on the same schedule.

    Args:
        number: the trial's, one of ``tried``.
        tried: what came out of each.
        factor: the best ``1 / factor`` go on, rounded up.
        max_accuracy_loss: the cap on this schedule (``cap_of_schedule``), a fraction.
    """
    order = best_first(tried, max_accuracy_loss)
    return number in order[: math.ceil(len(order) / factor)]


def best_first(tried: Sequence[Objectives], max_accuracy_loss: float) -> list[int]:
    """Return the numbers of trials from best to worst; those that are no numbers are left out.

    By violation of the cap, then by non-domination, then by what its front's hypervolume would
    lose without it, then by number.
    """
    ranks = non_domination_ranks(tried)
    fronts: dict[int, list[Objectives]] = {}
    for point in tried:
        if point.number in ranks:
            fronts.setdefault(ranks[point.number], []).append(point)
    added = {
        point.number: share
        for front in fronts.values()
        for point, share in zip(front, contributions(front, max_accuracy_loss), strict=True)
    }

    def place(point: Objectives) -> tuple[float, int, float, int]:
        violation = max(0.0, point.accuracy_loss - max_accuracy_loss)
        return violation, ranks[point.number], -added[point.number], point.number

    ranked = [point for front in fronts.values() for point in front]
    return [point.number for point in sorted(ranked, key=place)]


def cap_of_schedule(
    tried: Mapping[int, Objectives], whole: Mapping[int, Objectives], max_accuracy_loss: float
) -> float:
    """Return the cap for what comes out of a shorter schedule.

    A trial loses more on a short schedule; what the whole one gives back, in the median of the
    trials that have run both, is added to the cap.

    Args:
        tried: outcomes on the shorter schedule, by trial number.
        whole: outcomes on the whole one.
        max_accuracy_loss: the study's cap.
    """
    given_back = [
        tried[number].accuracy_loss - whole[number].accuracy_loss
        for number in tried.keys() & whole.keys()
    ]
    return max_accuracy_loss + max(0.0, statistics.median(given_back or [0.0]))
