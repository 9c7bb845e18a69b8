"""Draws the Pareto front: feasible region, front, trials, published results and names.

In bytes of the file the trials are coloured by where they stand, in the paper's accounting by their
score, the best the strongest (paper, Figure 2).
"""

import math
from collections.abc import Collection, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.colouring import (
    Colouring,
    draw_coloured,
    hover_text,
    score_colouring,
)
from dashboards.figures.labels import Label
from dashboards.figures.pareto_front import Accounting, ParetoFrontData
from dashboards.figures.style import (
    draw_feasible,
    draw_level,
    draw_outside,
    draw_scatter,
    new_figure,
    rate_ticks,
    sentence_figure,
    transparent,
)
from dashboards.palette import LIGHT, Palette
from dashboards.points import MAX_DRAWN, Point, Standing, thinned

_LEGEND_LAST = 6


def draw_pareto_front(
    data: ParetoFrontData,
    palette: Palette = LIGHT,
    colouring: Colouring | None = None,
    selected: Collection[int] = (),
    most: int = MAX_DRAWN,
) -> go.Figure:
    """Draw the front; trials carry their number as ``customdata``.

    Args:
        data: what to draw.
        palette: colours to draw with.
        colouring: what the trials' colours say; without it where they stand, or in the paper's
            accounting their score.
        selected: trials that a reader chose.
        most: of more trials than these a share is drawn beside the front.
    """
    title = f"Accuracy loss against compression rate ({data.accounting.value})"
    if not data.points:
        return sentence_figure(palette, "No trial has finished yet.", title=title)
    figure = new_figure(palette, height=540, title=title)
    _draw_backdrop(figure, data, palette)
    points = thinned(data.points, most)
    if data.accounting is Accounting.paper:
        colouring = colouring or score_colouring(data)
    if colouring is None:
        _draw_trials(figure, data, points, palette)
    else:
        draw_coloured(figure, data, points, palette, colouring)
    chosen = [point for point in data.points if point.trial in selected]
    if chosen:
        ring = {"symbol": "circle-open", "size": 15, "line": {"width": 2.5}}
        ring["color"] = palette.published
        _scatter(figure, data, chosen, name="selected", marker=ring, rank=3)
    _draw_published(figure, data, palette)
    _draw_labels(figure, data, palette)
    _frame(figure, data)
    draw_outside(figure, data.num_outside, palette, (len(points), len(data.points)))
    return figure


def _draw_backdrop(figure: go.Figure, data: ParetoFrontData, palette: Palette) -> None:
    """The feasible region, the reference network's line and the staircase of the front."""
    cap = 100 * data.max_accuracy_loss
    by_file = data.accounting is Accounting.file
    if by_file:
        draw_feasible(figure, cap, palette)
        draw_level(figure, cap, {"color": palette.accent, "width": 1.2})
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", xshift=2, y=cap, yanchor="bottom", showarrow=False,
            text=f"cap: {formats.points(data.max_accuracy_loss)} points",
            font={"color": palette.accent, "size": 12},
        )  # fmt: skip
    draw_level(
        figure,
        0,
        {"color": palette.muted, "width": 1.2, "dash": "dot"},
        showlegend=True,
        legendrank=_LEGEND_LAST,
        name="reference network",
    )
    if not by_file:
        # By test data and in the other accounting the front is no staircase.
        return
    front = sorted(
        (data.rate(point), 100 * data.loss(point))
        for point in data.points
        if point.standing is Standing.front
    )
    draw_scatter(
        figure,
        x=[rate for rate, _ in front],
        y=[loss for _, loss in front],
        mode="lines",
        # From a front point on, a higher rate costs the loss of the next one.
        line={"color": palette.accent, "width": 2, "shape": "vh"},
        hoverinfo="skip",
        showlegend=False,
        name="front",
    )


def _draw_trials(
    figure: go.Figure, data: ParetoFrontData, drawn: Sequence[Point], palette: Palette
) -> None:
    styles: dict[Standing, tuple[str, dict[str, Any]]] = {
        Standing.over_cap: (
            "over the cap",
            {
                "symbol": "x-thin",
                "size": 7,
                "line": {"color": transparent(palette.bad, 0.75), "width": 1.4},
            },
        ),
        Standing.dominated: (
            "within the cap, dominated",
            {"symbol": "circle", "size": 8, "color": palette.dim},
        ),
        Standing.front: (
            "Pareto front",
            {
                "symbol": "circle",
                "size": 11,
                "color": palette.accent,
                "line": {"color": palette.surface, "width": 1.5},
            },
        ),
    }
    # Drawn from the bottom up, listed from the top down.
    for rank, (standing, (name, marker)) in zip((4, 3, 1), styles.items(), strict=True):
        points = [point for point in drawn if point.standing is standing]
        if points:
            _scatter(figure, data, points, name=name, marker=marker, rank=rank)
    if data.best is not None:
        ring = {"symbol": "circle-open", "size": 19, "line": {"width": 2}, "color": palette.accent}
        name = "smallest file within the cap"
        _scatter(figure, data, [data.best], name=name, marker=ring, rank=2)


def _scatter(
    figure: go.Figure,
    data: ParetoFrontData,
    points: Sequence[Point],
    *,
    name: str,
    marker: dict[str, Any],
    rank: int,
) -> None:
    draw_scatter(
        figure,
        x=[data.rate(point) for point in points],
        y=[100 * data.loss(point) for point in points],
        customdata=[point.trial for point in points],
        mode="markers",
        marker=marker,
        hovertext=[hover_text(point) for point in points],
        hoverinfo="text",
        name=name,
        legendrank=rank,
    )


def _draw_published(figure: go.Figure, data: ParetoFrontData, palette: Palette) -> None:
    if not data.published:
        return
    draw_scatter(
        figure,
        x=[point.compression_rate for point in data.published],
        y=[100 * point.accuracy_loss for point in data.published],
        mode="markers",
        marker={"symbol": "diamond", "size": 11, "color": palette.published},
        hovertext=[
            f"<b>{point.authors}</b>, {point.method} · published<br>"
            f"{formats.rate(point.compression_rate)}, {point.accounting}<br>"
            f"test error {formats.percent(point.error_before)} → "
            f"{formats.percent(point.error_after)} "
            f"({formats.points(point.accuracy_loss)} points)<br>{point.source}"
            for point in data.published
        ],
        hoverinfo="text",
        name="published by others",
        legendrank=5,
    )


def _draw_labels(figure: go.Figure, data: ParetoFrontData, palette: Palette) -> None:
    best = data.best.trial if data.best else None
    for label in data.labels:
        point = data.points[label.index]
        is_best = point.trial == best
        colour = palette.accent if is_best else palette.ink
        shaded = data.accounting is Accounting.file and point.standing is not Standing.over_cap
        halo = palette.accent_soft if shaded else palette.surface
        where = (data.rate(point), data.loss(point))
        _annotate(figure, label, where, colour, halo, kind="best" if is_best else "setting")
    for label in data.published_labels:
        row = data.published[label.index]
        where = (row.compression_rate, row.accuracy_loss)
        _annotate(figure, label, where, palette.published, palette.surface, kind="published")


def _annotate(
    figure: go.Figure,
    label: Label,
    where: tuple[float, float],
    colour: str,
    halo: str,
    *,
    kind: str,
) -> None:
    """Write a name beside its point; a page can tell by its kind which to leave out."""
    rate, loss = where
    figure.add_annotation(
        x=math.log10(rate),
        y=100 * loss,
        name=kind,
        text=escape(label.text),
        showarrow=False,
        xanchor="left" if label.right else "right",
        xshift=13 if label.right else -13,
        yshift=15 * label.rise,
        font={"color": colour, "size": 12},
        bgcolor=transparent(halo, 0.75),
        borderpad=1,
    )


def _frame(figure: go.Figure, data: ParetoFrontData) -> None:
    view = data.view
    values, texts = rate_ticks(view.rate_low, view.rate_high)
    figure.update_xaxes(
        type="log",
        range=[math.log10(view.rate_low), math.log10(view.rate_high)],
        tickvals=values,
        ticktext=texts,
        title_text=f"compression rate, in {data.accounting.value}".replace(": ", "<br>"),
    )
    split = "test" if data.accounting is Accounting.paper else "validation"
    figure.update_yaxes(
        range=[100 * view.loss_low, 100 * view.loss_high],
        title_text=f"accuracy loss on {split} data, in points",
        tickformat=".1~f",
    )
