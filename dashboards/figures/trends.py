"""Which hyperparameters matter and which way, the question that §6.2 of the paper leaves open.

PED-ANOVA says whether the best trials lie elsewhere than all do, Spearman's rank correlation which
way an objective goes with a hyperparameter over all trials. Each is held against chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboards.figures.importance import ImportanceData, ObjectiveImportance
from dashboards.points import Point
from search.records import StudySnapshot

SURE = 3.0
"""A rank correlation beyond so many standard errors of chance, 1 / sqrt(trials - 1), is taken for
one: chance exceeds it for one key in 370, so hardly for any of thirteen."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How one objective depends on one hyperparameter.

    Attributes:
        importance: its share of the importance, in [0, 1].
        is_important: whether that is more than shuffled results gave any hyperparameter.
        correlation: Spearman's rank correlation of its value and the objective over all trials,
            in [-1, 1]; NaN where the value has no order or does not vary.
        is_monotone: whether the correlation is beyond chance.
    """

    importance: float
    is_important: bool
    correlation: float
    is_monotone: bool

    @property
    def matters(self) -> bool:
        """Whether either measure is beyond chance."""
        return self.is_important or self.is_monotone


@dataclass(frozen=True, kw_only=True)
class KeyTrends:
    """What one hyperparameter does to both objectives.

    Attributes:
        key: its configuration key.
        accuracy_loss: what it does to the accuracy loss, which is to be small.
        compression_rate: what it does to the compression rate, which is to be high.
    """

    key: str
    accuracy_loss: Trend
    compression_rate: Trend


def trends_data(
    snapshot: StudySnapshot, points: Sequence[Point], importance: ImportanceData
) -> tuple[KeyTrends, ...]:
    """Measure both objectives' trends, in the importance's order; none where it was refused."""
    keys = list(importance.accuracy_loss.shares)
    params = {trial.number: trial.params for trial in snapshot.trials}
    used = [
        point
        for point in points
        if point.method == importance.method and params[point.trial].keys() >= set(keys)
    ]
    losses = np.array([point.accuracy_loss for point in used])
    rates = np.array([point.compression_rate for point in used])
    found = []
    for key in keys:
        values = np.array([_ordered(params[point.trial][key]) for point in used])
        found.append(
            KeyTrends(
                key=key,
                accuracy_loss=_trend(key, importance.accuracy_loss, values, losses),
                compression_rate=_trend(key, importance.compression_rate, values, rates),
            )
        )
    return tuple(found)


def _trend(
    key: str,
    importance: ObjectiveImportance,
    values: NDArray[np.float64],
    objective: NDArray[np.float64],
) -> Trend:
    correlation = rank_correlation(values, objective)
    return Trend(
        importance=importance.shares[key],
        is_important=key in importance.beyond_chance,
        correlation=correlation,
        is_monotone=abs(correlation) > SURE / math.sqrt(max(len(values) - 1, 1)),
    )


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN where one does not vary."""
    if len(one) < 2 or np.isnan(one).any() or np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return ranks


def _ordered(value: object) -> float:
    """Return a number or a switch as a number, anything else as NaN."""
    return float(value) if isinstance(value, int | float) else math.nan
