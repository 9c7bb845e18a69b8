"""Writes a study as one self-contained web page that opens offline.

The page loads nothing: styles, script and plotly.js stand inside it, and its content security
policy forbids the network and every script but the two whose hashes it names, so that no name or
message out of the database can run.
"""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from core.caching import write_atomically
from dashboards import headline, sections
from dashboards.figures import (
    Accounting,
    draw_history,
    draw_importance,
    draw_pareto_front,
    history_data,
    importance_data,
    pareto_front_data,
)
from dashboards.markup import NOTHING, Html, element, join, json_block, text
from dashboards.palette import DARK, FONT_FAMILY, LIGHT, Palette
from dashboards.points import best_of, points_of
from search.records import StudySnapshot
from search.scoring import ScoreConfig

_ASSETS = Path(__file__).resolve().parent / "assets"


def write_report(snapshot: StudySnapshot, score_config: ScoreConfig, path: Path) -> None:
    """Write the report of a study to ``path``, as a whole or not at all.

    Args:
        snapshot: the study as it is stored.
        score_config: the cap that the report looks at the study with.
        path: the HTML file to write; its folder is made where it is missing.

    Raises:
        DataError: the file cannot be written.
    """
    write_atomically(path, render_report(snapshot, score_config).encode())


def render_report(snapshot: StudySnapshot, config: ScoreConfig) -> str:
    """Return the whole page; a study without a finished trial gets one without figures."""
    points = points_of(snapshot, config)
    best = best_of(points)
    shown, figures = _figures(snapshot, config) if points else (NOTHING, {})
    main = element(
        "main",
        headline.header(snapshot),
        headline.headline(snapshot, points, best, config),
        shown,
        sections.trials_section(snapshot, points),
        sections.commands_section(snapshot, best),
        sections.details_section(snapshot),
        id="main",
    )
    return _page(snapshot.study.name, main, json_block("figures", figures))


def _figures(snapshot: StudySnapshot, config: ScoreConfig) -> tuple[Html, dict[str, Any]]:
    """Return the sections that hold figures, and the figures by the identifier of their place."""
    front = pareto_front_data(snapshot, config)
    paper = pareto_front_data(snapshot, config, Accounting.paper)
    history = history_data(snapshot, config)
    importance = importance_data(snapshot, config)
    themes = {
        "figure-front": _themes(draw_pareto_front, front),
        "figure-published": _themes(draw_pareto_front, paper),
        "figure-history": _themes(draw_history, history),
        "figure-importance": _themes(draw_importance, importance),
    }
    places = {
        identifier: sections.figure_place(identifier, drawn["light"]["layout"])
        for identifier, drawn in themes.items()
    }
    shown = (
        sections.front_section(snapshot, front.points, front.best, places["figure-front"]),
        sections.published_section(paper.published, places["figure-published"]),
        sections.course_section(
            snapshot, importance, places["figure-history"], places["figure-importance"]
        ),
    )
    return join(shown), themes


Data = TypeVar("Data")


def _themes(draw: Callable[[Data, Palette], go.Figure], data: Data) -> dict[str, Any]:
    return {
        name: draw(data, palette).to_plotly_json()
        for name, palette in (("light", LIGHT), ("dark", DARK))
    }


def _page(name: str, main: Html, figures: Html) -> str:
    styles = _variables(LIGHT, DARK) + (_ASSETS / "report.css").read_text(encoding="utf-8")
    scripts = (get_plotlyjs(), (_ASSETS / "report.js").read_text(encoding="utf-8"))
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(map(_hash, scripts)),
            "style-src 'unsafe-inline'",  # plotly.js writes its own styles
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n',
            element("title", text(f"{name} · softshare")),
            f"\n<style>{styles}</style>\n</head>\n<body>\n",
            element("a", text("Skip to the study"), class_="skip", href="#main"),
            main,
            figures,
            *(f"\n<script>{script}</script>" for script in scripts),
            "\n</body>\n</html>\n",
        )
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _variables(light: Palette, dark: Palette) -> str:
    def declared(palette: Palette) -> str:
        colours = ((key.replace("_", "-"), value) for key, value in vars(palette).items())
        return "".join(f"--{key}:{value};" for key, value in colours)

    return (
        f":root{{--font:{FONT_FAMILY};{declared(light)}}}\n"
        f"@media (prefers-color-scheme: dark){{:root{{{declared(dark)}}}}}\n"
    )
