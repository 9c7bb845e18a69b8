"""How a study reaches whatever draws it: drawing is a room above this one, so it is found by name.

An installed package names its report as an entry point of the group ``softshare.reports``: a
function with the signature of ``WriteReport``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from core.trace import Trace
from search.records import StudySnapshot, TrialRecord
from search.scoring import ScoreConfig

REPORTS = "softshare.reports"
"""Group of entry points that write a report."""


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """What a report is made from.

    Attributes:
        snapshot: the study as it is stored.
        score_config: the cap that the report looks at the study with.
        load_trace: reads a trial's trace from the database; None where there is none. Raises a
            ``SoftshareError`` where it is damaged.
        results: folder of recorded results whose rows stand beside the study's, or None.
    """

    snapshot: StudySnapshot
    score_config: ScoreConfig
    load_trace: Callable[[TrialRecord], Trace | None]
    results: Path | None = None


WriteReport = Callable[[ReportSource, Path, bool], list[Path]]
"""Writes a report of a study into a folder and returns the files. The last argument says whether
each figure is wanted as a file of its own, too."""


def write_reports(source: ReportSource, folder: Path, with_figures: bool) -> list[Path]:
    """Let every installed report write its files into a folder, which is made; return them.

    Raises:
        SoftshareError: the folder cannot be written, or the results cannot be read.
    """
    paths: list[Path] = []
    for entry in sorted(entry_points(group=REPORTS), key=lambda entry: entry.name):
        write: WriteReport = entry.load()
        paths += write(source, folder, with_figures)
    return paths
