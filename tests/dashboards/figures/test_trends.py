"""The direction of a hyperparameter's effect is found, and chance is not taken for one."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from dashboards.figures import importance_data, trends_data
from dashboards.figures.trends import rank_correlation
from dashboards.points import points_of
from search.records import StudySnapshot
from search.scoring import ScoreConfig

CAP = ScoreConfig(max_accuracy_loss=0.005)


def test_rank_correlation_equals_the_textbook_with_ties() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 2, 1, 3, 4: products sum to 3, squares to 4.5 and 5.
    one, other = np.array([1.0, 2, 2, 3]), np.array([20.0, 10, 30, 40])
    assert rank_correlation(one, other) == pytest.approx(3 / math.sqrt(4.5 * 5))
    assert rank_correlation(one, -np.exp(one)) == pytest.approx(-1)


def test_what_has_no_order_or_does_not_vary_has_no_correlation() -> None:
    assert math.isnan(rank_correlation(np.array([1.0, 1]), np.array([1.0, 2])))
    assert math.isnan(rank_correlation(np.array([math.nan, 1]), np.array([1.0, 2])))


def test_the_hyperparameter_behind_the_rate_has_its_direction(
    make_study: Callable[..., StudySnapshot],
) -> None:
    study = make_study(120)
    importance = importance_data(study, CAP)
    trends = {trend.key: trend for trend in trends_data(study, points_of(study, CAP), importance)}
    assert list(trends) == list(importance.accuracy_loss.shares)
    tau = trends["retrain.tau"].compression_rate
    assert tau.matters
    assert tau.is_monotone
    assert tau.correlation > 0.5
    idle = trends["retrain.lr_mixing"]
    assert not idle.accuracy_loss.is_monotone
    assert not idle.compression_rate.is_monotone


def test_a_refused_importance_has_no_trends(make_study: Callable[..., StudySnapshot]) -> None:
    study = make_study(3)
    assert trends_data(study, points_of(study, CAP), importance_data(study, CAP)) == ()
