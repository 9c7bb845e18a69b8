"""Finished trials as points, against hand-worked standings."""

import math
import random
from collections.abc import Callable

import pytest

from dashboards.points import MAX_DRAWN, Standing, best_of, points_of, thinned
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import ScoreConfig

Make = Callable[..., TrialRecord]
Snapshot = Callable[..., StudySnapshot]
CAP = ScoreConfig(max_accuracy_loss=0.005)


def test_standing_is_by_the_cap_and_by_domination(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    snapshot = make_snapshot(
        make_trial(0, 0.10, 100),  # on the front: nothing loses less
        make_trial(1, 0.30, 200),  # on the front: nothing feasible is smaller
        make_trial(2, 0.30, 150),  # trial 1 is smaller at the same loss
        make_trial(3, 85.0, 1000),  # collapsed: smallest of all, and over the cap
        make_trial(4, 0.51, 90),  # over the cap
    )
    standings = [point.standing for point in points_of(snapshot, CAP)]
    front, dominated, over = Standing.front, Standing.dominated, Standing.over_cap
    assert standings == [front, front, dominated, over, over]


def test_another_cap_gives_other_standings(make_trial: Make, make_snapshot: Snapshot) -> None:
    snapshot = make_snapshot(make_trial(0, 0.10, 100), make_trial(1, 0.51, 300))
    wider = points_of(snapshot, ScoreConfig(max_accuracy_loss=0.01))
    assert [point.standing for point in wider] == [Standing.front, Standing.front]


def test_order_of_the_trials_does_not_matter(make_study: Snapshot, make_snapshot: Snapshot) -> None:
    trials = list(make_study(40).trials)
    ordered = points_of(make_snapshot(*trials), CAP)
    random.Random(1).shuffle(trials)
    assert points_of(make_snapshot(*trials), CAP) == ordered


def test_best_is_the_smallest_feasible_file(make_trial: Make, make_snapshot: Snapshot) -> None:
    snapshot = make_snapshot(
        make_trial(0, 0.2, 100),
        make_trial(1, 0.4, 200),
        make_trial(2, 0.3, 200),  # as small and lost less
        make_trial(3, 0.6, 900),
    )
    best = best_of(points_of(snapshot, CAP))
    assert best is not None
    assert best.trial == 2


def test_no_feasible_trial_has_no_best(make_trial: Make, make_snapshot: Snapshot) -> None:
    assert best_of(points_of(make_snapshot(make_trial(0, 3, 900)), CAP)) is None
    assert best_of(points_of(make_snapshot(), CAP)) is None


def test_test_loss_is_against_the_reference_on_test_data(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    (point,) = points_of(make_snapshot(make_trial(0, 0.2, 100, test_error=0.0201)), CAP)
    assert point.test_accuracy_loss == pytest.approx(0.0030)  # the reference has 1.71 %


def test_what_is_not_measured_is_no_point(make_trial: Make, make_snapshot: Snapshot) -> None:
    snapshot = make_snapshot(
        make_trial(0, math.nan, 100),
        make_trial(1, 0.1, 100, compression_rate=math.inf),
        make_trial(2, 0.1, 100, file_bytes=None),
        TrialRecord(number=3, state=TrialState.stopped, params={}),
        TrialRecord(number=4, state=TrialState.running, params={}),
        make_trial(5, 0.1, 100),
    )
    assert [point.trial for point in points_of(snapshot, CAP)] == [5]


def test_of_thousands_a_share_is_drawn_and_stays_the_same(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    trials = [make_trial(n, 0.2 + n % 7 / 100, 50 + n % 90) for n in range(2 * MAX_DRAWN)]
    trials[3] = make_trial(3, 0.4, 60, setting="tutorial")
    points = points_of(make_snapshot(*trials), CAP)
    drawn = thinned(points)
    assert 0.9 * MAX_DRAWN < len(drawn) < 1.1 * MAX_DRAWN
    kept = {point.trial for point in drawn}
    assert {p.trial for p in points if p.standing is Standing.front or p.setting} <= kept
    assert {point.trial for point in thinned(points[:-1])} == kept - {points[-1].trial}
    assert thinned(points[:MAX_DRAWN]) == points[:MAX_DRAWN]
    few = {point.trial for point in thinned(points, MAX_DRAWN // 8)}
    assert len(few) < MAX_DRAWN // 4
    assert few < kept
