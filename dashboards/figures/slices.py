"""A slice through the search: both objectives of every trial along one hyperparameter."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.colouring import hover_text
from dashboards.figures.pareto_front import Accounting, View, pareto_front_data
from dashboards.figures.searched import dimensions_of, position, ticks
from dashboards.figures.style import (
    draw_level,
    draw_scatter,
    new_figure,
    rate_ticks,
    sentence_figure,
    transparent,
)
from dashboards.palette import LIGHT, Palette
from dashboards.points import Point, Standing, thinned
from search.records import StudySnapshot
from search.scoring import ScoreConfig


@dataclass(frozen=True, kw_only=True)
class SliceData:
    """What the figure draws.

    Attributes:
        key: the hyperparameter.
        points: the measured trials that have a value of it, by number; of thousands a share.
        positions: where each lies in the key's range, in [0, 1].
        ticks: places and texts of the axis.
        selected: trials that a reader chose.
        view: what the axes show at first.
        max_accuracy_loss: the cap, a fraction.
    """

    key: str
    points: tuple[Point, ...]
    positions: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...]
    selected: frozenset[int]
    view: View
    max_accuracy_loss: float


def slice_data(
    snapshot: StudySnapshot, config: ScoreConfig, key: str, selected: Collection[int] = ()
) -> SliceData:
    """Gather the trials along a hyperparameter; none where it is not searched."""
    dimension = dimensions_of(snapshot).get(key)
    front = pareto_front_data(snapshot, config, Accounting.file)
    params = {trial.number: trial.params for trial in snapshot.trials}
    placed = []
    drawn = {point.trial for point in thinned(front.points)} | set(selected)
    for point in front.points:
        if point.trial not in drawn:
            continue
        value = params[point.trial].get(key)
        place = None if dimension is None else position(dimension, value)
        if place is not None:
            placed.append((point, place))
    return SliceData(
        key=key,
        points=tuple(point for point, _ in placed),
        positions=tuple(place for _, place in placed),
        ticks=() if dimension is None else ticks(dimension),
        selected=frozenset(selected),
        view=front.view,
        max_accuracy_loss=config.max_accuracy_loss,
    )


def draw_slice(data: SliceData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the loss above, the rate below; trials carry their number as ``customdata``."""
    title = "Both objectives along a hyperparameter"
    if not data.points:
        return sentence_figure(
            palette, f"No finished trial has a value of {data.key}.", title=title
        )
    figure = new_figure(palette, height=470, title=title)
    looks = (
        (Standing.over_cap, "over the cap", transparent(palette.bad, 0.6), 6),
        (Standing.dominated, "within the cap, dominated", palette.dim, 7),
        (Standing.front, "Pareto front", palette.accent, 10),
        (None, "selected", palette.published, 13),
    )
    for axis in ("y", "y2"):
        for standing, name, colour, size in looks:
            chosen = [
                (point, place)
                for point, place in zip(data.points, data.positions, strict=True)
                if (
                    point.trial in data.selected if standing is None else point.standing is standing
                )
            ]
            if chosen:
                draw_scatter(
                    figure,
                    x=[round(place, 4) for _, place in chosen],
                    y=[
                        100 * point.accuracy_loss if axis == "y" else point.compression_rate
                        for point, _ in chosen
                    ],
                    yaxis=axis,
                    customdata=[point.trial for point, _ in chosen],
                    mode="markers",
                    marker={
                        "size": size,
                        "color": colour,
                        "symbol": "circle-open" if standing is None else "circle",
                        "line": {"width": 2 if standing is None else 0},
                    },
                    hovertext=[hover_text(point) for point, _ in chosen],
                    hoverinfo="text",
                    name=name,
                    legendgroup=name,
                    showlegend=axis == "y",
                )
    draw_level(figure, 100 * data.max_accuracy_loss, {"color": palette.accent, "width": 1.2})
    _frame(figure, data, palette)
    return figure


def _frame(figure: go.Figure, data: SliceData, palette: Palette) -> None:
    view = data.view
    values, texts = rate_ticks(view.rate_low, view.rate_high)
    rates = [point.compression_rate for point in data.points]
    lowest = max(min([view.rate_low, *rates]), view.rate_low / 10)
    figure.update_layout(
        xaxis={
            "title_text": f"{escape(data.key)}, as the search measures it",
            "tickvals": [place for place, _ in data.ticks],
            "ticktext": [escape(text) for _, text in data.ticks],
            "range": [-0.04, 1.04],
            "anchor": "y2",
        },
        yaxis={
            "domain": [0.54, 1],
            "range": [100 * view.loss_low, 100 * view.loss_high],
            "title_text": "points lost",
        },
        yaxis2={
            "domain": [0, 0.46],
            "type": "log",
            "tickvals": values,
            "ticktext": texts,
            "range": [math.log10(lowest), math.log10(view.rate_high)],
            "gridcolor": palette.line,
            "zeroline": False,
            "automargin": True,
            "tickfont": {"color": palette.muted},
            "title": {
                "text": f"rate, {formats.TIMES} smaller",
                "font": {"color": palette.ink, "size": 13},
                "standoff": 12,
            },
        },
    )
