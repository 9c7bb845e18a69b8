"""The picture of a comparison of methods: each trial's bytes and error, each method's front."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from core.caching import write_atomically
from dashboards.figure_files import draw_pictures
from dashboards.figures.style import draw_scatter, new_figure
from dashboards.palette import LIGHT, series_colour
from dashboards.published import network_title
from search.methods import title_of

HIGHEST_LOSS = 1.5
"""Errors in view reach so many times as far above the reference network's as the last level."""

_BYTES = [step * 10**decade for decade in range(2, 7) for step in (1, 2, 5)]


def write_figure(measured: Mapping[str, Any], path: Path) -> None:
    """Write the picture as SVG, if there is a browser to draw it with.

    Args:
        measured: a comparison as ``compared_methods.told`` returns it.
        path: of the file.
    """
    figure = draw(measured)
    pictures = draw_pictures({"methods": figure.to_plotly_json()})
    if not pictures:
        print(f"no Chromium: {path.name} stays as it was")
    for picture in pictures.values():
        write_atomically(path, picture.encode())


def draw(measured: Mapping[str, Any]) -> go.Figure:
    """Draw the trials of all seeds, and of each method the least error that so many bytes have."""
    title = f"{network_title(measured['network'])}: bytes of the file, error of what it decodes to"
    figure = new_figure(LIGHT, height=560, title=title)
    reference = measured["reference_validation_error"]
    highest = reference + HIGHEST_LOSS * measured["max_accuracy_loss"]
    for index, (name, method) in enumerate(measured["methods"].items()):
        trials = (trial for trials in method["trials"].values() for trial in trials)
        places = sorted(
            (trial["file_bytes"], trial["validation_error"])
            for trial in trials
            if trial["file_bytes"] is not None and trial["validation_error"] <= highest
        )
        if not places:
            continue
        colour = series_colour(LIGHT, index)
        front = front_of(places)
        for of, look in (
            (places, {"mode": "markers", "marker": {"color": colour, "size": 7}, "opacity": 0.6}),
            (front, {"mode": "lines", "line": {"color": colour, "width": 2, "shape": "hv"}}),
        ):
            draw_scatter(
                figure,
                x=[num_bytes for num_bytes, _ in of],
                y=[100 * error for _, error in of],
                name=title_of(name),
                showlegend=of is front,
                **look,
            )
    figure.update_xaxes(
        type="log", tickvals=_BYTES, ticktext=[f"{n:,}" for n in _BYTES], title_text="bytes"
    )
    figure.update_yaxes(
        range=[100 * reference, 100 * highest], title_text="validation error of the file, %"
    )
    return figure


def front_of(places: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return those of (bytes, error), sorted, whose error none with fewer bytes has."""
    least = math.inf
    front = []
    for num_bytes, error in places:
        if error < least:
            front.append((num_bytes, error))
            least = error
    return front
