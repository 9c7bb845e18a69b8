"""Methods side by side: each has its front, and all together have one."""

from collections.abc import Callable

from dashboards.figures import draw_method_fronts, method_fronts_data
from dashboards.palette import DARK
from search.records import StudySnapshot, TrialRecord
from search.scoring import ScoreConfig

Make = Callable[..., TrialRecord]
Snapshot = Callable[..., StudySnapshot]
CAP = ScoreConfig(max_accuracy_loss=0.005)


def of_two_methods(make_trial: Make, make_snapshot: Snapshot) -> StudySnapshot:
    return make_snapshot(
        make_trial(0, 0.1, 100),
        make_trial(1, 0.3, 300),
        make_trial(2, 0.05, 60, method="low_precision"),
        make_trial(3, 0.2, 90, method="low_precision"),  # on its own front only
        make_trial(4, 60, 9000, method="low_precision"),  # collapsed
    )


def test_every_method_has_its_front_and_the_joint_one_has_the_best_of_all(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    data = method_fronts_data(of_two_methods(make_trial, make_snapshot), CAP)
    assert [front.method for front in data.methods] == ["soft_weight_sharing", "low_precision"]
    ours, floor = data.methods
    assert [point.trial for point in ours.front] == [0, 1]
    assert [point.trial for point in floor.front] == [2, 3]
    assert [point.trial for point in data.joint] == [2, 0, 1]
    assert (ours.num_on_joint_front, floor.num_on_joint_front) == (2, 1)
    assert (floor.effort.num_finished, floor.effort.seconds) == (3, 180.0)
    assert data.num_outside == 1


def test_a_method_keeps_its_colour_and_says_how_many_trials_it_had(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    data = method_fronts_data(of_two_methods(make_trial, make_snapshot), CAP)
    for figure in (draw_method_fronts(data), draw_method_fronts(data, DARK)):
        names = [trace.name for trace in figure.data if trace.showlegend is not False]
        assert names == [
            "all methods together",
            "soft weight sharing, 2 trials",
            "low precision, 3 trials",
        ]
        lines = {t.name: t.line.color for t in figure.data if t.mode == "lines"}
        assert len(set(lines.values())) == 3


def test_without_a_finished_trial_the_figure_says_so(make_snapshot: Snapshot) -> None:
    figure = draw_method_fronts(method_fronts_data(make_snapshot(), CAP))
    assert "No trial has finished yet." in figure.layout.annotations[0].text
