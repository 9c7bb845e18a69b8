"""Writes a study as one self-contained web page that opens offline, and its figures as files."""

from pathlib import Path

from core.caching import write_atomically
from dashboards.contents import Contents, report_contents
from dashboards.figure_files import write_figures
from dashboards.markup import element, join, text
from dashboards.page import page
from dashboards.palette import DARK, FONT_FAMILY, LIGHT, Palette
from search.reporting import ReportSource

_ASSETS = Path(__file__).resolve().parent / "assets"


def write_report(source: ReportSource, folder: Path, with_figures: bool) -> list[Path]:
    """Write ``report.html`` into a folder, as a whole or not at all.

    Args:
        source: the study as it is stored.
        folder: made where it is missing.
        with_figures: write each figure as a file of its own into ``figures``, too.

    Returns:
        The files that were written, the page first.

    Raises:
        DataError: a file cannot be written, or the recorded results cannot be read.
    """
    contents = report_contents(source)
    path = folder / "report.html"
    write_atomically(path, _page(source, contents).encode())
    return [path, *(write_figures(contents.figures, folder / "figures") if with_figures else ())]


def render_report(source: ReportSource) -> str:
    """Return the whole page; a study without a finished trial gets one without figures."""
    return _page(source, report_contents(source))


def _page(source: ReportSource, contents: Contents) -> str:
    return page(
        f"{source.snapshot.study.name} · softshare",
        join((element("a", text("Skip to the study"), class_="skip", href="#main"), contents.main)),
        contents.figures,
        script=(_ASSETS / "report.js").read_text(encoding="utf-8"),
        styles=colour_variables() + (_ASSETS / "report.css").read_text(encoding="utf-8"),
    )


def colour_variables() -> str:
    """Return the style sheet that names both palettes' colours, by the reader's preference."""

    def declared(palette: Palette) -> str:
        colours = ((key.replace("_", "-"), value) for key, value in vars(palette).items())
        return "".join(f"--{key}:{value};" for key, value in colours)

    return (
        f":root{{--font:{FONT_FAMILY};{declared(LIGHT)}}}\n"
        f"@media (prefers-color-scheme: dark){{:root{{{declared(DARK)}}}}}\n"
    )
