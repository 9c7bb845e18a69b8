"""Colours the trials of a search by a number that each of them has (paper, Figure 2).

The score, the order of ending or any hyperparameter; what has no order gets its choices as steps.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.pareto_front import ParetoFrontData
from dashboards.figures.style import draw_scatter
from dashboards.palette import Palette
from dashboards.points import Point, Standing
from search.conversion import show
from search.methods import title_of
from search.records import StudySnapshot

SCORE = "score"
ORDER = "order"

_DECADES_OF_LOGARITHM = 1.5


@dataclass(frozen=True, kw_only=True)
class Colouring:
    """A number for every trial of a figure.

    Attributes:
        name: what it is, for the colour bar.
        values: one for each of the figure's points; None for a trial that has none.
        texts: the same as people read them.
        ticks: numbers and texts of the colour bar where it has its own; empty otherwise.
        high_is_best: whether the trials of the highest numbers are drawn on top.
    """

    name: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    high_is_best: bool = False


def score_colouring(data: ParetoFrontData) -> Colouring:
    """Colour by the scalar score, by validation data and bytes of the file."""
    texts = tuple(f"score {value:.2f}" for value in data.scores)
    return Colouring(name="score", values=data.scores, texts=texts, high_is_best=True)


def order_colouring(data: ParetoFrontData, snapshot: StudySnapshot) -> Colouring:
    """Colour by the order in which the trials ended."""
    ended = sorted(
        (trial.finished_at, trial.number)
        for trial in snapshot.trials
        if trial.finished_at is not None
    )
    place = {number: order for order, (_, number) in enumerate(ended, start=1)}
    values = tuple(place.get(point.trial) for point in data.points)
    texts = tuple("" if order is None else f"ended as number {order}" for order in values)
    return Colouring(name="order of ending", values=values, texts=texts)


def parameter_colouring(data: ParetoFrontData, snapshot: StudySnapshot, key: str) -> Colouring:
    """Colour by the value of a hyperparameter, on a logarithmic scale where it spans decades."""
    params: Mapping[int, Mapping[str, Any]] = {t.number: t.params for t in snapshot.trials}
    given = [params[point.trial].get(key) for point in data.points]
    texts = tuple("" if value is None else f"{key} {formats.value(value)}" for value in given)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        numbers = [float(value) for value in given if value is not None]
        if numbers and min(numbers) > 0 and max(numbers) / min(numbers) > 10**_DECADES_OF_LOGARITHM:
            exponents = range(
                math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers))) + 1
            )
            ticks = tuple((float(e), formats.value(10.0**e)) for e in exponents)
            logs = tuple(math.log10(value) for value in numbers)
            return Colouring(name=key, values=logs, texts=texts, ticks=ticks)
        return Colouring(name=key, values=tuple(numbers), texts=texts)
    choices = sorted({show(value) for value in given if value is not None})
    return Colouring(
        name=key,
        values=tuple(None if v is None else float(choices.index(show(v))) for v in given),
        texts=texts,
        ticks=tuple((float(place), choice) for place, choice in enumerate(choices)),
    )


def draw_coloured(
    figure: go.Figure,
    data: ParetoFrontData,
    drawn: Collection[Point],
    palette: Palette,
    colouring: Colouring,
) -> None:
    """Draw trials in their colours and ring the smallest file.

    The colours span the numbers of the trials in view: a collapsed network must not take them all.
    """
    order = [index for index, value in enumerate(colouring.values) if value is not None]
    if colouring.high_is_best:
        order.sort(key=lambda index: colouring.values[index] or 0.0)
    shown = [colouring.values[index] for index in order if _is_in_view(data, data.points[index])]
    shown = shown or [colouring.values[index] for index in order] or [0.0]
    numbers = {point.trial for point in drawn}
    order = [index for index in order if data.points[index].trial in numbers]
    points = [data.points[index] for index in order]
    draw_scatter(
        figure,
        x=[data.rate(point) for point in points],
        y=[100 * data.loss(point) for point in points],
        customdata=[point.trial for point in points],
        mode="markers",
        marker={
            "size": [6 if p.standing is Standing.over_cap else 11 for p in points],
            "color": [colouring.values[index] for index in order],
            "cmin": min(value for value in shown if value is not None),
            "cmax": max(value for value in shown if value is not None),
            "colorscale": [[0, palette.line], [0.5, palette.dim], [1, palette.accent]],
            "line": {"color": palette.muted, "width": 0.6},
            "colorbar": _colour_bar(colouring, palette),
        },
        hovertext=[
            f"{hover_text(point)}<br>{escape(colouring.texts[index])}"
            for point, index in zip(points, order, strict=True)
        ],
        hoverinfo="text",
        showlegend=False,
    )
    draw_scatter(
        figure,
        x=[None],
        y=[None],
        mode="markers",
        marker={"size": 11, "color": palette.accent},
        name=f"trials by their {escape(colouring.name)}, small ones over the cap",
        legendrank=1,
    )
    if data.best is not None:
        draw_scatter(
            figure,
            x=[data.rate(data.best)],
            y=[100 * data.loss(data.best)],
            mode="markers",
            marker={
                "symbol": "circle-open",
                "size": 19,
                "line": {"width": 2},
                "color": palette.accent,
            },
            hoverinfo="skip",
            name="smallest file within the cap",
            legendrank=2,
        )


def _is_in_view(data: ParetoFrontData, point: Point) -> bool:
    return data.view.holds(data.rate(point), data.loss(point))


def _colour_bar(colouring: Colouring, palette: Palette) -> dict[str, Any]:
    own: dict[str, Any] = {"nticks": 5}
    if colouring.ticks:
        own = {
            "tickvals": [value for value, _ in colouring.ticks],
            "ticktext": [escape(text) for _, text in colouring.ticks],
        }
    return {
        "title": {
            "text": escape(colouring.name.rpartition(".")[2]),
            "font": {"color": palette.ink, "size": 13},
        },
        "thickness": 10,
        "len": 0.7,
        "outlinewidth": 0,
        "tickfont": {"color": palette.muted},
        **own,
    }


@lru_cache(maxsize=1 << 15)  # a live page draws the same trials again and again
def hover_text(point: Point) -> str:
    """Return what is said of a trial when it is pointed at."""
    setting = f" · {escape(point.setting.replace('_', ' '))}" if point.setting else ""
    return "<br>".join(
        (
            f"<b>Trial {point.trial}</b>{setting} · {escape(title_of(point.method, point.student))}"
            f" · {point.standing.value}",
            f"{formats.num_bytes(point.file_bytes)}, {formats.rate(point.compression_rate)}"
            f" (paper's accounting {formats.rate(point.han_compression_rate)})",
            f"validation error {formats.percent(point.validation_error)}"
            f" ({formats.points(point.accuracy_loss)} points)",
            f"test error {formats.percent(point.test_error)}"
            f" ({formats.points(point.test_accuracy_loss)} points)",
            f"{formats.percent(point.nonzero_fraction)} of the weights are not zero",
        )
    )


def colouring_of(
    data: ParetoFrontData, snapshot: StudySnapshot, by: str, keys: Sequence[str]
) -> Colouring | None:
    """Return the colouring of a name: the score, the order, a searched key; None for others."""
    if by == SCORE:
        return score_colouring(data)
    if by == ORDER:
        return order_colouring(data, snapshot)
    return parameter_colouring(data, snapshot, by) if by in keys else None
