"""A sampler that looks around the best trials so far, for studies too small for a density model.

With a dozen trials in as many dimensions TPE's densities are mostly its flat prior, so that its
proposals are close to random. Here a child takes a trial from around the accuracy cap and changes
few of its coordinates a little: mutation as in a multi-objective evolution strategy (Deb et al.
2002), with one parent and an archive of all trials.

Where the method is searched, too, a child has its parent's, and parents are taken from each method
in turn at random: so every method's front is looked around, and which is best is left to TPE.
"""

import math
import random
from typing import Any

from optuna import Study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import FrozenTrial, TrialState

from search.hypervolume import contributions
from search.methods import METHOD
from search.pareto import Objectives, feasible_first, pareto_front

NUM_CHANGED = 4  # coordinates that a child changes on average
STEP = 0.2  # standard deviation of a change, in widths of the coordinate's range
SMALLEST_WEIGHT = 1e-3  # of a parent, in shares of all weights, so that none is left out


class NeighbourhoodSampler(BaseSampler):
    """Proposes trials near those on both sides of the accuracy cap."""

    def __init__(self, seed: int, max_accuracy_loss: float) -> None:
        """Make a sampler for one ``ask``.

        Args:
            seed: seed of its random numbers.
            max_accuracy_loss: the cap; parents lose up to twice as much, since the smallest file
                within it may come from either side.
        """
        self._random = random.Random(seed)
        self._independent = RandomSampler(seed)
        self._widened_cap = 2 * max_accuracy_loss

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the parameters that all finished trials share; with methods, all that any has."""
        shared = IntersectionSearchSpace().calculate(study)
        if METHOD not in shared:
            return shared
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return {name: found for trial in complete for name, found in trial.distributions.items()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return a changed copy of a parent, or nothing where there is no parent yet."""
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if METHOD in search_space:
            method = self._random.choice(sorted({trial.params[METHOD] for trial in complete}))
            complete = [trial for trial in complete if trial.params[METHOD] == method]
        parents = choose_parents(complete, self._widened_cap)
        if not parents or not search_space:
            return {}
        # What holds up most of the front is tried most; a crowd in one place counts as one.
        alone = contributions([objectives(trial) for trial in parents], self._widened_cap)
        least = SMALLEST_WEIGHT * (sum(alone) or 1.0)
        (parent,) = self._random.choices(parents, [weight + least for weight in alone])
        names = sorted(name for name in search_space if name in parent.params and name != METHOD)
        if not names:
            return {}
        changed = {n for n in names if self._random.random() < NUM_CHANGED / len(names)}
        changed.add(self._random.choice(names))
        child = {
            name: (
                self._change(parent.params[name], search_space[name])
                if name in changed
                else parent.params[name]
            )
            for name in names
        }
        return child | ({METHOD: parent.params[METHOD]} if METHOD in parent.params else {})

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw at random what no finished trial has."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def _change(self, value: Any, distribution: BaseDistribution) -> Any:
        if isinstance(distribution, CategoricalDistribution):
            return self._random.choice(distribution.choices)
        assert isinstance(distribution, FloatDistribution | IntDistribution)
        place = to_unit(value, distribution) + self._random.gauss(0, STEP)
        place = abs(place) % 2  # reflected at both ends, so that no value piles up there
        return from_unit(2 - place if place > 1 else place, distribution)


def choose_parents(complete: list[FrozenTrial], max_accuracy_loss: float) -> list[FrozenTrial]:
    """Return the Pareto front of the trials that lose at most so much.

    Where all lose more, the one that loses least is the only parent.
    """
    near = [t for t in complete if objectives(t).accuracy_loss <= max_accuracy_loss]
    if near:
        return pareto_front(near, objectives)
    return feasible_first(complete, objectives, lambda trial: objectives(trial).accuracy_loss)[:1]


def objectives(trial: FrozenTrial) -> Objectives:
    """Return what a complete trial is judged by."""
    accuracy_loss, compression_rate = trial.values
    return Objectives(accuracy_loss, compression_rate, trial.number)


def to_unit(value: float, distribution: FloatDistribution | IntDistribution) -> float:
    """Return where a value lies in its range, from 0 to 1, on the range's own scale."""
    low, high = float(distribution.low), float(distribution.high)
    if low == high:
        return 0.0
    if distribution.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def from_unit(place: float, distribution: FloatDistribution | IntDistribution) -> float | int:
    """Return the value at a place in [0, 1] of a range; the inverse of ``to_unit``."""
    low, high = float(distribution.low), float(distribution.high)
    value = low * (high / low) ** place if distribution.log else low + place * (high - low)
    if distribution.step is not None:
        value = low + round((value - low) / distribution.step) * distribution.step
    value = min(max(value, low), high)
    return round(value) if isinstance(distribution, IntDistribution) else value
