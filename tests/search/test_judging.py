"""Which trials make the front, and which is the best, under a cap."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from search.judging import (
    best_trial,
    feasible_front,
    judge,
    knee_trial,
    most_accurate_trial,
    standings,
)
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import ScoreConfig
from tests.search.snapshots import complete, snapshot

CONFIG = ScoreConfig(max_accuracy_loss=0.005)


def study(*trials: TrialRecord) -> StudySnapshot:
    return snapshot(*trials)


def test_only_complete_trials_are_judged() -> None:
    running = TrialRecord(number=1, state=TrialState.running, params={})
    failed = TrialRecord(number=2, state=TrialState.failed, params={}, reason="nan")
    judged = judge(study(complete(0, 0.001, 9000), running, failed), CONFIG)
    assert [trial.record.number for trial in judged] == [0]


def test_trials_beyond_the_cap_are_neither_front_nor_best() -> None:
    judged = judge(study(complete(0, 0.001, 9000), complete(1, 0.87, 900)), CONFIG)
    assert [trial.record.number for trial in feasible_front(judged)] == [0]
    best = best_trial(judged)
    assert best is not None
    assert best.record.number == 0


def test_another_cap_gives_another_best() -> None:
    trials = study(complete(0, 0.001, 9000), complete(1, 0.004, 6000))
    for cap, number in ((0.005, 1), (0.002, 0)):
        best = best_trial(judge(trials, ScoreConfig(max_accuracy_loss=cap)))
        assert best is not None
        assert best.record.number == number
    assert best_trial(judge(trials, ScoreConfig(max_accuracy_loss=0.0))) is None


def test_of_equal_files_the_more_accurate_then_the_earlier_is_the_best() -> None:
    trials = study(complete(0, 0.003, 6000), complete(1, 0.002, 6000), complete(2, 0.002, 6000))
    best = best_trial(judge(trials, CONFIG))
    assert best is not None
    assert best.record.number == 1


@given(st.lists(st.tuples(st.floats(-0.01, 0.02), st.integers(1000, 9000))))
def test_the_best_is_the_small_end_of_the_front(pairs: list[tuple[float, int]]) -> None:
    judged = judge(study(*(complete(i, *pair) for i, pair in enumerate(pairs))), CONFIG)
    front, best = feasible_front(judged), best_trial(judged)
    assert (front[-1] if front else None) == best


def test_the_most_accurate_within_some_bytes_may_lie_beyond_the_cap() -> None:
    trials = [(0, 0.001, 9000), (1, 0.02, 5000), (2, 0.03, 4000), (3, 0.02, 4500)]
    judged = judge(study(*(complete(*trial) for trial in trials)), CONFIG)
    for limit, number in ((9000, 0), (5000, 3), (4400, 2)):
        chosen = most_accurate_trial(judged, limit)
        assert chosen is not None
        assert chosen.record.number == number
    assert most_accurate_trial(judged, 3999) is None


def test_the_knee_is_where_more_compression_begins_to_cost_more() -> None:
    # half the size for a tenth of the loss that the next half costs
    trials = [(0, 0.0, 8000), (1, 0.0005, 4000), (2, 0.0010, 2000), (3, 0.0050, 1000)]
    front = feasible_front(judge(study(*(complete(*trial) for trial in trials)), CONFIG))
    knee = knee_trial(front)
    assert knee is not None
    assert knee.record.number == 2
    assert knee_trial([]) is None
    assert knee_trial(front[:1]) == front[0]
    # two points make a line without a knee: the scalar score decides
    assert knee_trial(front[2:]) == max(front[2:], key=lambda trial: trial.score.scalar)


@given(st.lists(st.tuples(st.floats(-0.01, 0.005), st.integers(1000, 9000)), min_size=1))
def test_the_knee_is_on_the_front(pairs: list[tuple[float, int]]) -> None:
    judged = judge(study(*(complete(i, *pair) for i, pair in enumerate(pairs))), CONFIG)
    front = feasible_front(judged)
    assert knee_trial(front) in front


def test_methods_are_told_apart_with_what_they_took() -> None:
    trials = [
        replace(complete(0, 0.001, 9000), seconds=10.0, epochs=3),
        replace(complete(1, 0.002, 4000), method="low_precision", seconds=5.0),
        replace(complete(2, 0.003, 5000), seconds=10.0, epochs=4),
        replace(complete(3, 0.900, 10), method="low_precision", seconds=5.0),
        TrialRecord(number=4, state=TrialState.running, params={}, method="deep_compression"),
    ]
    snapshot = study(*trials)
    found = standings(snapshot, judge(snapshot, CONFIG))
    assert [s.method for s in found] == [
        "low_precision",
        "soft_weight_sharing",
        "deep_compression",
    ]
    floor, ours, unfinished = found
    assert (floor.effort.num_finished, floor.effort.seconds, floor.effort.epochs) == (2, 10.0, 0)
    assert (ours.effort.num_finished, ours.effort.seconds, ours.effort.epochs) == (2, 20.0, 7)
    assert [trial.record.number for trial in ours.front] == [0, 2]
    assert (floor.num_on_front, ours.num_on_front) == (1, 1)
    assert ours.best is not None
    assert ours.best.record.number == 2
    assert (unfinished.effort.num_finished, unfinished.best) == (0, None)
