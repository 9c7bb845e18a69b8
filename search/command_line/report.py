"""``report``: a study as a page that opens offline, and its figures as files."""

from functools import partial
from pathlib import Path

from search.command_line.printing import print_lines
from search.command_line.request import Request
from search.command_line.studies import read
from search.errors import StudyError
from search.reporting import ReportSource, write_reports
from search.traces import load_trace


def report(request: Request) -> None:
    """Write the report of a study and name its files."""
    study = read(request.overrides)
    asked = request.arguments
    folder = request.path("to") if "to" in asked else study.config.study_folder
    source = ReportSource(
        snapshot=study.snapshot,
        score_config=study.score_config,
        load_trace=partial(load_trace, study.storage),
        results=request.path("results") if "results" in asked else None,
    )
    paths = write_reports(source, folder, with_figures=True)
    if not paths:
        raise StudyError(
            "no report is installed: softshare brings one, so install it again with its entry "
            "points"
        )
    pages = [path for path in paths if path.parent == folder]
    print_lines(*(f"report: {path}" for path in pages), *_figures(set(paths) - set(pages)))


def _figures(paths: set[Path]) -> list[str]:
    """Say where the figures are, or how to get them as pictures where no browser drew them."""
    if not paths:
        return []
    suffixes = sorted({path.suffix for path in paths})
    folder = min(paths).parent
    lines = [f"figures: {folder}, {len(paths) // len(suffixes)} as {' and '.join(suffixes)}"]
    if ".svg" not in suffixes:
        lines.append(
            "no pictures: they are drawn by Chromium or Chrome, and neither is on the path; the "
            "camera above a figure in the report saves it as SVG"
        )
    return lines
