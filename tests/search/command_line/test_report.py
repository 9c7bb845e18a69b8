"""``report`` writes a page and its figures for a study, and refuses mistakes in one line."""

import json
from pathlib import Path

import pytest

from search.command_line import main
from tests.search.command_line.conftest import FinishedStudy


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures have their own tests, and starting a browser takes seconds."""
    monkeypatch.setenv("PATH", "")


def test_the_report_of_a_study_and_its_figures_are_written_where_asked(
    finished_study: FinishedStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "report of it"
    assert main(["report", *finished_study.words, f"to={folder}"]) == 0
    shown = capsys.readouterr().out
    assert f"report: {folder}/report.html\n" in shown
    assert f"figures: {folder}/figures, 10 as .json\n" in shown
    assert "the camera above a figure in the report saves it as SVG" in shown
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "How the weights moved (paper, Figure 1)" in page
    names = {path.stem for path in (folder / "figures").iterdir()}
    assert {"figure-1-weights", "figure-2-search", "figure-3-components"} <= names
    components = json.loads((folder / "figures" / "figure-3-components.json").read_text())
    assert components["data"][0]["x"][:5] == [0, 1, 2, 3, 4]  # as many epochs as were run


def test_the_report_goes_into_the_study_s_folder_without_a_place(
    finished_study: FinishedStudy, tmp_path: Path
) -> None:
    assert main(["report", *finished_study.words, f"runs_dir={tmp_path}"]) == 0
    assert (tmp_path / "a study" / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["study.name=other"], "study.name must be a study in "),
        (["results=nowhere"], "results must be a folder with results as JSON, but got nowhere"),
        (["retrain.tau=1"], "report does not read retrain.tau"),
    ],
)
def test_a_mistake_gets_one_line(
    finished_study: FinishedStudy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    reason: str,
) -> None:
    assert main(["report", *finished_study.words, f"to={tmp_path}", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"softshare: {reason}")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
