"""Parallel coordinates: every trial as a line through its hyperparameters to what it came to.

Drawn as plain lines: plotly's own parallel coordinates need WebGL and scripts made at run time,
which the page's content security policy forbids.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.searched import dimensions_of, ends, position
from dashboards.figures.style import draw_scatter, new_figure, sentence_figure, transparent
from dashboards.palette import LIGHT, Palette
from dashboards.points import Point, Standing, by_score
from search.records import StudySnapshot
from search.scoring import ScoreConfig

_AXIS_PIXELS = 44  # on less, the texts of the axes cover each other

MAX_LINES = 200
"""Beside the front and the selection the best of the others by score are drawn."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A trial's way through the axes.

    Attributes:
        point: the trial.
        positions: place on each axis in [0, 1], of a rate by its logarithm; None where it has no
            value there.
    """

    point: Point
    positions: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class ParallelData:
    """What the figure draws.

    Attributes:
        axes: titles of the axes: the searched keys, then points lost and rate.
        axis_ends: texts at the lower and the upper end of each.
        lines: by trial.
        selected: trials that a reader chose.
        num_left_out: measured trials that are not drawn.
    """

    axes: tuple[str, ...]
    axis_ends: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    selected: frozenset[int]
    num_left_out: int


def parallel_data(
    snapshot: StudySnapshot, config: ScoreConfig, selected: Collection[int] = ()
) -> ParallelData:
    """Gather the front, the selection and the best of the other trials."""
    dimensions = dimensions_of(snapshot)
    points = by_score(snapshot, config)
    first = [p for p in points if p.standing is Standing.front or p.trial in selected]
    rest = [p for p in points if p.standing is not Standing.front and p.trial not in selected]
    chosen = sorted((first + rest)[:MAX_LINES], key=lambda p: p.trial)
    params = {trial.number: trial.params for trial in snapshot.trials}
    # A collapsed network must not take the whole axis.
    loss_ends = _range([point.accuracy_loss for point in chosen])
    most = max(4 * config.max_accuracy_loss, 2 * loss_ends[0])
    is_cut = loss_ends[1] > most
    loss_ends = (loss_ends[0], min(loss_ends[1], most))
    rate_ends = _range([point.compression_rate for point in chosen])
    lines = tuple(
        Line(
            point=point,
            positions=(
                *(
                    position(dimension, params[point.trial].get(key))
                    for key, dimension in dimensions.items()
                ),
                _share(point.accuracy_loss, *loss_ends),
                _share(*map(math.log, (point.compression_rate, *rate_ends))),
            ),
        )
        for point in chosen
    )
    return ParallelData(
        axes=(*dimensions, "points lost", "rate"),
        axis_ends=(
            *(ends(dimension) for dimension in dimensions.values()),
            (
                formats.points(loss_ends[0]),
                ("≥ " if is_cut else "") + formats.points(loss_ends[1]),
            ),
            (formats.rate(rate_ends[0]), formats.rate(rate_ends[1])),
        ),
        lines=lines,
        selected=frozenset(selected),
        num_left_out=len(points) - len(chosen),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0.0, 1.0)


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, (value - low) / (high - low)) if high > low else 0.5


def draw_parallel(data: ParallelData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the lines by where their trials stand, the selected ones on top."""
    title = "Hyperparameters of the trials as parallel coordinates"
    if not data.lines:
        return sentence_figure(palette, "No trial has finished yet.", title=title)
    figure = new_figure(palette, height=430, title=title)
    for standing, name, colour, width in (
        (Standing.over_cap, "over the cap", transparent(palette.bad, 0.4), 1.0),
        (Standing.dominated, "within the cap, dominated", transparent(palette.dim, 0.9), 1.2),
        (Standing.front, "Pareto front", palette.accent, 2.0),
    ):
        lines = [
            line
            for line in data.lines
            if line.point.standing is standing and line.point.trial not in data.selected
        ]
        _draw(figure, data, lines, name=name, colour=colour, width=width)
    chosen = [line for line in data.lines if line.point.trial in data.selected]
    _draw(figure, data, chosen, name="selected", colour=palette.published, width=3.0)
    figure.update_layout(
        margin={"b": 118, "t": 60},
        meta={"title": title, "min_width": _AXIS_PIXELS * len(data.axes)},
    )
    # All at once: plotly copies those before it with every single one.
    figure.update_layout(
        annotations=[
            {
                **{"x": place, "y": y, "text": escape(text), "yanchor": anchor},
                "showarrow": False,
                "font": {"size": 10, "color": palette.muted},
            }
            for place, (low, high) in enumerate(data.axis_ends)
            for text, y, anchor in ((low, -0.02, "top"), (high, 1.02, "bottom"))
        ],
        shapes=[
            {
                **{"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1},
                "line": {"color": palette.line, "width": 1},
                "layer": "below",
            }
            for place in range(len(data.axes))
        ],
    )
    figure.update_xaxes(
        tickvals=list(range(len(data.axes))),
        ticktext=[escape(axis.rpartition(".")[2].replace("_", " ")) for axis in data.axes],
        tickangle=-35,
        range=[-0.4, len(data.axes) - 0.6],
        showgrid=False,
        tickfont={"color": palette.ink, "size": 11},
    )
    figure.update_yaxes(range=[-0.1, 1.1], visible=False, fixedrange=True)
    return figure


def _draw(
    figure: go.Figure,
    data: ParallelData,
    lines: Sequence[Line],
    *,
    name: str,
    colour: str,
    width: float,
) -> None:
    """Draw some lines as one trace with gaps between them."""
    if not lines:
        return
    places = [*range(len(data.axes)), None]
    draw_scatter(
        figure,
        x=[place for _ in lines for place in places],
        y=[
            None if at is None else round(at, 4) for line in lines for at in (*line.positions, None)
        ],
        customdata=[line.point.trial for line in lines for _ in places],
        mode="lines",
        line={"color": colour, "width": width},
        hovertemplate="trial %{customdata}<extra></extra>",
        connectgaps=False,
        name=name,
    )
