"""Figures as files: JSON that plotly reads back, and pictures where a browser can draw them."""

import os
from pathlib import Path

import plotly.io
import pytest

from dashboards.browser import browser_command
from dashboards.figure_files import draw_pictures, write_figures
from dashboards.figures import draw_weight_histograms, weight_histograms_data
from dashboards.palette import DARK, LIGHT
from tests.dashboards.traces import simulated_trace


def histograms() -> dict[str, dict[str, object]]:
    data = weight_histograms_data(simulated_trace())
    themes = {"light": LIGHT, "dark": DARK}
    drawn = {n: draw_weight_histograms(data, p).to_plotly_json() for n, p in themes.items()}
    return {"tutorial-histograms": drawn}


def test_the_files_are_read_back_by_plotly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))  # no browser
    (path,) = write_figures(histograms(), tmp_path / "figures")
    assert path == tmp_path / "figures" / "tutorial-histograms.json"
    figure = plotly.io.read_json(path)
    assert figure.layout.paper_bgcolor == LIGHT.surface
    assert figure.data[0].name == "before the retraining"


def test_a_browser_draws_what_was_asked() -> None:
    figures = {name: themes["light"] for name, themes in histograms().items()}
    drawn = draw_pictures(figures)
    if not browser_command():
        assert drawn == {}
        return
    (picture,) = drawn.values()
    assert picture.startswith("<svg")
    assert "in the decoded file" in picture


def test_a_browser_that_fails_leaves_no_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert draw_pictures({name: t["light"] for name, t in histograms().items()}) == {}
