"""The course of a search against a hand-worked one."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboards.figures import draw_history, history_data
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import ScoreConfig

Make = Callable[..., TrialRecord]
Snapshot = Callable[..., StudySnapshot]
CAP = ScoreConfig(max_accuracy_loss=0.005)
EARLIER = datetime(2001, 1, 1, tzinfo=UTC)


def test_best_rate_grows_in_the_order_of_ending(make_trial: Make, make_snapshot: Snapshot) -> None:
    first = make_trial(0, 0.1, 100)
    assert first.finished_at is not None
    snapshot = make_snapshot(
        first,
        make_trial(1, 0.2, 200, finished_at=first.finished_at - timedelta(seconds=5)),
        make_trial(2, 60.0, 3000),
        TrialRecord(number=3, state=TrialState.failed, params={}, reason="not a number"),
        TrialRecord(number=4, state=TrialState.running, params={}),
        TrialRecord(number=5, state=TrialState.interrupted, params={}),
    )
    data = history_data(snapshot, CAP)
    assert [entry.trial for entry in data.entries] == [1, 0, 2, 3]
    assert [entry.best_rate for entry in data.entries] == [200, 200, 200, 200]
    assert [entry.seconds for entry in data.entries] == [60, 120, 180, 180]
    volumes = [entry.hypervolume for entry in data.entries]
    assert volumes[0] == pytest.approx(0.3 * math.log2(200))
    assert volumes == sorted(volumes)
    assert data.num_outside == 1


def test_before_the_first_feasible_trial_there_is_no_best(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    data = history_data(make_snapshot(make_trial(0, 2, 900), make_trial(1, 0.2, 90)), CAP)
    assert [entry.best_rate for entry in data.entries] == [None, 90]
    assert data.entries[0].hypervolume == 0


def test_stopped_and_failed_trials_are_marked_with_their_reason(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    snapshot = make_snapshot(
        make_trial(0, 0.1, 100),
        TrialRecord(number=1, state=TrialState.stopped, params={}, reason="trapped <b>"),
        TrialRecord(number=2, state=TrialState.failed, params={}),
    )
    figure = draw_history(history_data(snapshot, CAP))
    texts = {trace.name: trace.hovertext for trace in figure.data if trace.hovertext}
    assert "trapped &lt;b&gt;" in texts["stopped early"][0]
    assert "no reason stored" in texts["failed"][0]


def test_a_course_goes_on_as_if_it_began_anew(make_trial: Make, make_snapshot: Snapshot) -> None:
    trials = [
        make_trial(0, 0.1, 100),
        make_trial(1, 0.2, 90),
        make_trial(2, 60.0, 3000),
        TrialRecord(number=3, state=TrialState.stopped, params={}),
        make_trial(4, 0.1, 120),  # beats the first
        make_trial(5, 0.05, 80, finished_at=EARLIER),  # a clock that is behind
        make_trial(6, 0.4, 300),
    ]
    for count in range(len(trials) + 1):
        gone_on = history_data(make_snapshot(*trials[:count]), CAP)
        # Equal records that are others: nothing is known of them.
        anew = history_data(make_snapshot(*map(replace, trials[:count])), CAP)
        assert gone_on == anew
        assert history_data(make_snapshot(*trials[:count]), CAP) == anew


def test_another_cap_is_another_course(make_trial: Make, make_snapshot: Snapshot) -> None:
    snapshot = make_snapshot(make_trial(0, 0.1, 100), make_trial(1, 0.4, 200))
    for cap, best in ((0.005, 200), (0.002, 100), (0.005, 200)):
        data = history_data(snapshot, ScoreConfig(max_accuracy_loss=cap))
        assert data.entries[-1].best_rate == best


def test_a_study_without_trials_says_so(make_snapshot: Snapshot) -> None:
    figure = draw_history(history_data(make_snapshot(), CAP))
    assert figure.layout.annotations[0].text == "No trial has finished yet."
