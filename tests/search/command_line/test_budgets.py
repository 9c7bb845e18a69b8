"""``best`` and ``export`` by the budgets that people state."""

from pathlib import Path

import pytest

from search.command_line import main
from tests.search.command_line.conftest import FinishedStudy


@pytest.mark.parametrize(
    ("budget", "title"),
    [
        ("max_accuracy_loss=0.5", "smallest file that loses at most 50.00 % of accuracy"),
        ("max_accuracy_loss=49.9points", "smallest file that loses at most 49.90 % of accuracy"),
        ("max_bytes=1MB", "most accurate file of at most 1,000,000 bytes"),
        ("max_bytes=0.5MiB", "most accurate file of at most 524,288 bytes"),
        ("knee=true", "knee of the Pareto front"),
        ("knee=false", "smallest file that loses at most 50.00 % of accuracy"),
    ],
)
def test_a_budget_chooses_a_trial(
    finished_study: FinishedStudy, budget: str, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["best", *finished_study.words, budget]) == 0
    shown = capsys.readouterr().out
    assert title in " ".join(shown.split())
    assert f"{finished_study.outcome.file_bytes:,}" in shown


def test_bytes_choose_a_file_that_the_cap_would_not(
    finished_study: FinishedStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["best", *finished_study.words, "max_bytes=9"]) == 0
    assert "+87.00" in capsys.readouterr().out
    target = tmp_path / "best.sws"
    words = [*finished_study.words, "trial=best", f"to={target}"]
    assert main(["export", *words, "max_bytes=1MB"]) == 0
    assert target.read_bytes() == finished_study.outcome.file


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["max_bytes=8"], "no trial yet has at most 8 bytes, the smallest has 9"),
        (["max_bytes=5 bits"], "max_bytes must be a size such as 50000 or 50kB, but got 5 bits"),
        (["max_accuracy_loss=3"], "must be a fraction such as 0.003, or points such as 0.3points"),
        (["max_accuracy_loss=0"], "no trial yet loses at most 0.00 % of accuracy"),
        (["knee=yes"], "knee must be true or false, but got yes"),
        (["knee=true", "max_bytes=9"], "one budget, but got max_bytes and knee; leave one out"),
    ],
)
def test_a_budget_that_cannot_be_met_or_read_is_refused_in_a_line(
    finished_study: FinishedStudy,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["best", *finished_study.words, *words]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_a_budget_and_a_number_are_refused(
    finished_study: FinishedStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["trial=0", f"to={tmp_path / 'a.sws'}", "knee=true"]
    assert main(["export", *finished_study.words, *words]) == 2
    assert "trial must be best where a budget chooses it, but got 0" in capsys.readouterr().err
