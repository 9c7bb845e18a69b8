"""The Pareto figure's data against hand-worked examples, then what is drawn of it."""

from collections.abc import Callable
from html import escape

import pytest

from dashboards.figures import Accounting, draw_pareto_front, pareto_front_data
from dashboards.palette import DARK
from search.records import StudySnapshot, TrialRecord
from search.scoring import ScoreConfig

Make = Callable[..., TrialRecord]
Snapshot = Callable[..., StudySnapshot]
CAP = ScoreConfig(max_accuracy_loss=0.005)


@pytest.fixture
def small(make_trial: Make, make_snapshot: Snapshot) -> StudySnapshot:
    return make_snapshot(
        make_trial(0, 0.1, 100, setting="best_known"),
        make_trial(1, 0.3, 200),
        make_trial(2, 0.4, 150, setting="paper"),
        make_trial(3, 0.9, 300),
        make_trial(4, 85.0, 2000, setting="tutorial"),
    )


def test_a_collapsed_trial_does_not_squash_the_view(small: StudySnapshot) -> None:
    data = pareto_front_data(small, CAP)
    assert data.num_outside == 1
    assert data.view.loss_high < 0.012
    assert data.view.rate_high < 600
    assert all(data.view.holds(p.compression_rate, p.accuracy_loss) for p in data.points[:4])


def test_view_shows_the_cap_and_the_reference_network(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    view = pareto_front_data(make_snapshot(make_trial(0, 0.1, 100)), CAP).view
    assert view.loss_low < 0
    assert view.loss_high > 0.005
    assert view.rate_high / view.rate_low == pytest.approx(3)


def test_view_reaches_the_nearest_trial_where_none_is_near_the_cap(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    snapshot = make_snapshot(make_trial(0, 8, 100), make_trial(1, 80, 900))
    data = pareto_front_data(snapshot, CAP)
    assert data.best is None
    assert data.num_outside == 1
    assert 0.08 < data.view.loss_high < 0.1


def test_bytes_of_the_file_and_the_papers_accounting_never_share_an_axis(
    small: StudySnapshot,
) -> None:
    by_file = pareto_front_data(small, CAP)
    by_paper = pareto_front_data(small, CAP, Accounting.paper)
    assert by_file.published == ()
    assert [point.compression_rate for point in by_paper.published] == [40, 56, 64]
    assert by_file.rate(by_file.points[0]) == 100
    assert by_paper.rate(by_paper.points[0]) == pytest.approx(110)
    for data, words in ((by_file, "bytes of the whole file"), (by_paper, "paper's accounting")):
        assert words in draw_pareto_front(data).layout.xaxis.title.text


def test_beside_published_results_losses_are_on_test_data(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    snapshot = make_snapshot(make_trial(0, 0.1, 100, test_error=0.0201))
    data = pareto_front_data(snapshot, CAP, Accounting.paper)
    assert data.loss(data.points[0]) == pytest.approx(0.0030)
    figure = draw_pareto_front(data)
    assert "test data" in figure.layout.yaxis.title.text
    assert not any(shape.type == "rect" for shape in figure.layout.shapes)  # the cap is no test cap


def test_best_and_settings_in_view_are_named(small: StudySnapshot) -> None:
    data = pareto_front_data(small, CAP)
    names = {label.index: label.text for label in data.labels}
    assert names == {
        0: "best known",
        1: "best: 5,332\N{NO-BREAK SPACE}B",
        2: "paper",
    }  # the tutorial's setting collapsed and lies outside


def test_front_is_drawn_as_the_staircase_of_what_can_be_had(small: StudySnapshot) -> None:
    figure = draw_pareto_front(pareto_front_data(small, CAP))
    line = next(trace for trace in figure.data if trace.mode == "lines")
    assert list(line.x) == [100, 200]
    assert list(line.y) == pytest.approx([0.1, 0.3])
    assert line.line.shape == "vh"


def test_every_trial_is_drawn_once_and_carries_its_number(small: StudySnapshot) -> None:
    figure = draw_pareto_front(pareto_front_data(small, CAP), DARK)
    numbers = {trace.name: list(trace.customdata) for trace in figure.data if trace.customdata}
    assert numbers == {
        "over the cap": [3, 4],
        "within the cap, dominated": [2],
        "Pareto front": [0, 1],
        "smallest file within the cap": [1],
    }
    assert figure.layout.paper_bgcolor == DARK.surface


def test_what_lies_outside_is_said(small: StudySnapshot) -> None:
    texts = [
        note.text for note in draw_pareto_front(pareto_front_data(small, CAP)).layout.annotations
    ]
    assert any("1 trial outside this view" in text for text in texts)


def test_published_points_are_marked_as_such(small: StudySnapshot) -> None:
    figure = draw_pareto_front(pareto_front_data(small, CAP, Accounting.paper))
    trace = next(trace for trace in figure.data if trace.name == "published by others")
    assert list(trace.y) == pytest.approx([-0.06, -0.29, 0.05])
    assert "published" in trace.hovertext[0]
    assert "Table 1" in trace.hovertext[0]


def test_names_from_the_database_are_escaped(make_trial: Make, make_snapshot: Snapshot) -> None:
    hostile = "<img src=x>"
    figure = draw_pareto_front(
        pareto_front_data(make_snapshot(make_trial(0, 0.1, 100, setting=hostile)), CAP)
    )
    drawn = figure.to_json()
    assert hostile not in drawn
    assert escape(hostile) in "".join(figure.data[1].hovertext)


def test_a_study_without_finished_trials_says_so(make_snapshot: Snapshot) -> None:
    figure = draw_pareto_front(pareto_front_data(make_snapshot(), CAP))
    assert figure.data == ()
    assert figure.layout.annotations[0].text == "No trial has finished yet."
