"""Writes each figure as a file of its own: plotly's JSON always, a picture where a browser is.

Plotly draws in a browser only. Where Chromium or Chrome is on the path it draws all figures as SVG
in one go, from a page of our own that reaches no network; no package is needed for it. The JSON is
read back by ``plotly.io.read_json``, to be restyled or drawn elsewhere.
"""

import html
import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from core.caching import write_atomically
from dashboards.browser import browser_command
from dashboards.markup import element
from dashboards.page import page

WIDTH = 900
"""Pixels across a picture whose figure does not say otherwise in its ``meta``."""
TIME_LIMIT_SECONDS = 120

_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=60000",
    "--dump-dom",
)
_SCRIPT = """"use strict";
(async () => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const drawn = {};
  for (const [name, figure] of Object.entries(figures)) {
    const { height, meta } = figure.layout;
    const size = { width: meta.width ?? WIDTH, height };
    drawn[name] = await Plotly.toImage(figure, { format: "svg", ...size });
  }
  document.getElementById("drawn").textContent = JSON.stringify(drawn);
})();
""".replace("WIDTH", str(WIDTH))


def write_figures(figures: Mapping[str, Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write the figures, in their light colours, by their identifiers.

    Args:
        figures: figures as plotly's JSON by identifier and palette.
        folder: made where it is missing.

    Returns:
        The files: a JSON file each, and where a browser could be run an SVG file each.

    Raises:
        DataError: a file cannot be written.
    """
    light = {name: themes["light"] for name, themes in figures.items()}
    paths = []
    for name, figure in light.items():
        paths.append(folder / f"{name}.json")
        write_atomically(paths[-1], json.dumps(figure).encode())
    for name, picture in draw_pictures(light).items():
        paths.append(folder / f"{name}.svg")
        write_atomically(paths[-1], picture.encode())
    return paths


def draw_pictures(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return figures as SVG by identifier; none where there is no browser or it cannot be run."""
    browser = browser_command()
    if not browser or not figures:
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "figures.html")
        path.write_text(_drawing_page(figures), encoding="utf-8")
        profile = f"--user-data-dir={scratch}/profile"
        try:
            dom = subprocess.run(
                [*browser, *_OPTIONS, profile, path.as_uri()],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
                timeout=TIME_LIMIT_SECONDS,
                text=True,
            ).stdout
        except (OSError, subprocess.SubprocessError):
            return {}
    found = re.search(r'<pre id="drawn">(.+?)</pre>', dom, re.DOTALL)
    drawn: dict[str, str] = json.loads(html.unescape(found[1])) if found else {}
    return {name: unquote(uri.partition(",")[2]) for name, uri in drawn.items()}


def _drawing_page(figures: Mapping[str, Mapping[str, Any]]) -> str:
    place = element("pre", id="drawn")
    return page("figures", place, figures, script=_SCRIPT)
