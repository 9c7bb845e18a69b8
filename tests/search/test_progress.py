"""What a search shows while it runs: the numbers, and the two ways of showing them."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from search.progress import (
    SECONDS_BETWEEN_LINES,
    SearchProgress,
    ended_line,
    running_trials,
    seconds_left,
)
from search.records import TrialRecord, TrialState
from tests.search.snapshots import complete, epoch, running, snapshot


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def plain_console() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=160, markup=False, highlight=False, emoji=False), file


def test_a_running_trial_shows_its_latest_epoch_against_the_reference() -> None:
    (trial,) = running_trials(
        snapshot(running(3, "paper"), epochs=(epoch(3, 6, seconds=12.0), epoch(3, 5)))
    )
    assert (trial.number, trial.setting, trial.epoch, trial.num_epochs) == (3, "paper", 6, 24)
    assert trial.accuracy_loss == pytest.approx(0.023 - 0.019)
    assert trial.loss == "+0.40 (unsnapped)"
    assert trial.estimate == "≈151.2x"
    assert trial.seconds_left == pytest.approx(2.0 * 18)


def test_once_snapped_the_loss_is_not_marked() -> None:
    (trial,) = running_trials(snapshot(running(0), epochs=(epoch(0, 22, phase="fine_tune"),)))
    assert trial.loss == "+0.40"


def test_a_trial_before_its_first_epoch_shows_nothing_that_is_not_known() -> None:
    (trial,) = running_trials(snapshot(running(0)))
    assert (trial.num_epochs, trial.estimate, trial.seconds_left) == (None, "-", None)


def test_time_left_counts_the_trials_to_come_by_the_length_of_the_done_ones() -> None:
    # Two done of 40 s each, one running with 36 s to go, 9 to come, two workers.
    study = snapshot(
        complete(0, 0.001, 9000),
        complete(1, 0.001, 9000),
        running(2),
        epochs=(epoch(2, 6, seconds=12.0),),
    )
    assert seconds_left(study, 2) == pytest.approx((36 + 9 * 40) / 2)
    assert seconds_left(study, 1) == pytest.approx(36 + 9 * 40)


def test_time_left_starts_from_the_speed_of_the_running_trials() -> None:
    study = snapshot(running(0), epochs=(epoch(0, 6, seconds=12.0),), num_trials=3)
    assert seconds_left(study, 1) == pytest.approx(36 + 2 * 48)
    assert seconds_left(snapshot(running(0)), 1) is None


def test_of_a_finished_study_nothing_is_left() -> None:
    assert seconds_left(snapshot(complete(0, 0.0, 9000), num_trials=1), 2) == 0


def test_a_log_gets_a_line_for_each_trial_that_ends_and_few_between() -> None:
    console, file = plain_console()
    clock = Clock()
    with SearchProgress(console, 2, clock) as progress:
        progress.update(snapshot(running(0)))
        assert file.getvalue() == ""
        clock.seconds += SECONDS_BETWEEN_LINES
        progress.update(snapshot(running(0), epochs=(epoch(0, 6, seconds=12.0),)))
        progress.update(snapshot(running(0), epochs=(epoch(0, 7, seconds=14.0),)))
        stopped = TrialRecord(number=1, state=TrialState.stopped, params={}, reason="trapped: so")
        progress.update(snapshot(complete(0, 0.0012, 8560, setting="best_known"), stopped))
        progress.update(snapshot(complete(0, 0.0012, 8560, setting="best_known"), stopped))
    assert file.getvalue().splitlines() == [
        "0/12 trials; trial 0: epoch 6/24, accuracy loss +0.40 (unsnapped), ≈151.2x, 0:36 left; "
        "about 4:42 left",
        "trial 0 (best_known): accuracy loss +0.12 points, 124.6x, 8,560 bytes, 0:40",
        "trial 1 stopped: trapped: so",
    ]


def test_a_trial_that_had_a_short_schedule_says_so() -> None:
    whole, short = complete(0, 0.0012, 8_560), complete(1, 0.0012, 8_560)
    assert "epochs" not in ended_line(replace(whole, schedule=1.0))
    other = replace(whole, setting=None, method="low_precision")
    assert ended_line(other).startswith("trial 0 (low precision): ")
    assert ended_line(replace(short, schedule=0.25)).endswith(", with 25 % of its epochs")


def test_a_resumed_study_tells_what_was_done_in_one_line() -> None:
    console, file = plain_console()
    with SearchProgress(console, 2, Clock()) as progress:
        progress.update(snapshot(complete(0, 0.0, 9000), complete(1, 0.0, 9000)))
    assert file.getvalue().splitlines() == ["2 of 12 trials are done"]


def test_a_terminal_gets_a_display_that_names_what_runs() -> None:
    file = io.StringIO()
    console = Console(
        file=file, width=120, force_terminal=True, markup=False, highlight=False, emoji=False
    )
    with SearchProgress(console, 2) as progress:
        progress.update(snapshot(running(4, "tutorial"), epochs=(epoch(4, 6, seconds=12.0),)))
        progress.update(
            snapshot(complete(4, 0.001, 9000, setting="tutorial"), running(5), num_trials=2)
        )
    shown = file.getvalue()
    for text in ("tutorial", "6/24", "+0.40 (unsnapped)", "≈151.2x", "0:36", "1/2 trials"):
        assert text in shown
    assert "trial 4 (tutorial): accuracy loss +0.10 points" in shown
    assert "starting" in shown


def test_names_from_a_database_are_shown_as_they_are() -> None:
    console, file = plain_console()
    hostile = TrialRecord(number=1, state=TrialState.failed, params={}, reason="[red]x[/red] :bug:")
    with SearchProgress(console, 1, Clock()) as progress:
        progress.update(snapshot())
        progress.update(snapshot(hostile))
    assert file.getvalue() == "trial 1 failed: [red]x[/red] :bug:\n"
