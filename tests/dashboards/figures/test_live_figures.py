"""The figures that the live page has beside the report's, against hand-worked ones."""

from collections.abc import Callable
from datetime import timedelta

from dashboards.figures import (
    comparison_data,
    draw_comparison,
    draw_parallel,
    draw_slice,
    draw_timeline,
    parallel_data,
    slice_data,
    timeline_data,
)
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import ScoreConfig

Make = Callable[..., TrialRecord]
Snapshot = Callable[..., StudySnapshot]
CAP = ScoreConfig(max_accuracy_loss=0.005)


def test_attainment_is_what_each_and_what_all_reach(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    one = make_snapshot(make_trial(0, 0.1, 100), make_trial(1, 0.3, 200), name="one")
    other = make_snapshot(make_trial(0, 0.2, 150), make_trial(1, 60.0, 900), name="other")
    data = comparison_data([(one, CAP), (other, CAP)])
    assert {name: len(front) for name, front in data.fronts.items()} == {"one": 2, "other": 1}
    reached = [(step.rate, step.best, step.median, step.worst) for step in data.attainment]
    assert reached == [
        (100, 0.001, 0.001, 0.002),
        (150, 0.002, 0.002, 0.003),
        (200, 0.003, 0.003, None),
    ]
    names = [trace.name for trace in draw_comparison(data).data]
    assert {"one", "other", "median attainment"} <= set(names)


def test_a_slice_and_parallel_lines_mark_the_selection(make_study: Snapshot) -> None:
    study = make_study(30)
    sliced = slice_data(study, CAP, "retrain.tau", selected=[3])
    assert len(sliced.points) == len(sliced.positions) > 20
    assert all(0 <= place <= 1 for place in sliced.positions)
    chosen = [trace for trace in draw_slice(sliced).data if trace.name == "selected"]
    assert [list(trace.customdata) for trace in chosen] == [[3], [3]]
    lines = parallel_data(study, CAP, selected=[3])
    assert {len(line.positions) for line in lines.lines} == {len(lines.axes)}
    (line,) = [trace for trace in draw_parallel(lines).data if trace.name == "selected"]
    assert set(line.customdata) == {3}


def test_the_timeline_has_a_row_for_each_worker(make_trial: Make, make_snapshot: Snapshot) -> None:
    first = make_trial(0, 0.1, 100)
    assert first.started_at is not None
    running = TrialRecord(
        number=1,
        state=TrialState.running,
        params={},
        worker="host:2:b",
        started_at=first.started_at,
    )
    now = first.started_at + timedelta(minutes=5)
    data = timeline_data(make_snapshot(first, running), now)
    assert data.workers == ("host:1:a", "host:2:b")
    assert [(span.trial, span.ended_at) for span in data.spans] == [
        (0, first.finished_at),
        (1, now),
    ]
    assert draw_timeline(data, alive={"host:2:b"}).data
