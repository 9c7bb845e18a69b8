"""Remembers the figures that browsers have, so that they are sent only what changed."""

import hashlib
import json
import threading
from collections import OrderedDict
from typing import Any

import plotly.graph_objects as go
from dash import no_update
from dash.development.base_component import Component
from plotly.io.json import to_json_plotly

from dashboards.live.changes import figure_patch

_MAX_FIGURES = 48


class Drawn:
    """The last figures that were sent, by a digest of their JSON; the oldest are forgotten."""

    def __init__(self) -> None:
        self._figures: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def update(self, figure: go.Figure, had: str | None) -> tuple[Any, Any, Any]:
        """Return what makes a browser show a figure: its content, its style and its digest.

        Args:
            figure: what is to be shown.
            had: digest of the figure that the browser shows, or None.

        Returns:
            The whole figure, or a patch of the one that is shown; the style of its place; the
            digest. All ``no_update`` where nothing is to be done.
        """
        written = to_json_plotly(figure)
        digest = _digest(written)
        if digest == had:
            return no_update, no_update, no_update
        content = json.loads(written)
        with self._lock:
            before = self._figures.get(had) if had is not None else None
            if before is not None:
                self._figures.move_to_end(had or "")
            self._figures[digest] = content
            self._figures.move_to_end(digest)
            while len(self._figures) > _MAX_FIGURES:
                self._figures.popitem(last=False)
        patch = None if before is None else figure_patch(before, content)
        return (content if patch is None else patch), style_of(figure), digest


def style_of(figure: go.Figure) -> dict[str, str]:
    """Return the style of a figure's place: a responsive figure takes its size from there."""
    style = {"height": f"{figure.layout.height}px"}
    meta = figure.layout.meta or {}
    if "min_width" in meta:
        style["minWidth"] = f"{meta['min_width']}px"
    return style


def digest_of(content: list[Component | str]) -> str:
    """Return a digest of some components, by which it is known whether they changed."""
    return _digest(to_json_plotly(content))


def _digest(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()[:16]
