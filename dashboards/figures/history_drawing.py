"""Draws the course of a study: the rates above, the hypervolume below."""

import math
from collections.abc import Collection, Sequence
from html import escape
from textwrap import wrap

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.history import HistoryData
from dashboards.figures.style import (
    draw_outside,
    draw_scatter,
    new_figure,
    rate_ticks,
    sentence_figure,
    transparent,
)
from dashboards.palette import LIGHT, Palette
from dashboards.points import Standing, thinned


def draw_history(data: HistoryData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the rates above, the hypervolume below; trials carry their number as ``customdata``."""
    title = "Best rate within the cap and hypervolume over finished trials"
    if not data.entries:
        return sentence_figure(palette, "No trial has finished yet.", title=title)
    figure = new_figure(palette, height=520, title=title)
    drawn = _drawn(data)
    _draw_rates(figure, data, drawn, palette)
    _draw_unfinished(figure, data, palette)
    steps = _steps([(0, 0.0), *((entry.order, entry.hypervolume) for entry in data.entries)])
    draw_scatter(
        figure,
        x=[order for order, _ in steps],
        y=[volume for _, volume in steps],
        yaxis="y2",
        mode="lines",
        line={"color": palette.second, "width": 2, "shape": "hv"},
        fill="tozeroy",
        fillcolor=transparent(palette.second, 0.12),
        hovertemplate="after %{x} trials: hypervolume %{y:.2f}<extra></extra>",
        name="hypervolume",
        showlegend=False,
    )
    values, texts = rate_ticks(data.rate_low, data.rate_high)
    grid = {"gridcolor": palette.line, "zeroline": False, "automargin": True}
    figure.update_layout(
        xaxis={
            "title_text": "trials ended",
            "range": [0, max(len(data.entries), 1) * 1.02 + 0.3],
            "anchor": "y2",
        },
        yaxis={
            "type": "log",
            "domain": [0.36, 1],
            "range": [math.log10(data.rate_low), math.log10(data.rate_high)],
            "tickvals": values,
            "ticktext": texts,
            "title_text": "rate, bytes of the file",
        },
        yaxis2={
            **grid,
            "domain": [0, 0.24],
            "rangemode": "tozero",
            "nticks": 4,
            "title": {"text": "hypervolume", "font": {"color": palette.ink, "size": 13}},
        },
    )
    num_measured = sum(entry.point is not None for entry in data.entries)
    draw_outside(figure, data.num_outside, palette, (len(drawn), num_measured))
    return figure


def _draw_rates(
    figure: go.Figure, data: HistoryData, drawn: Collection[int], palette: Palette
) -> None:
    """Every measured trial, those over the cap apart, and the best so far as a staircase."""
    reached = _steps([(e.order, e.best_rate) for e in data.entries if e.best_rate])
    draw_scatter(
        figure,
        x=[order for order, _ in reached],
        y=[rate for _, rate in reached],
        mode="lines",
        line={"color": palette.accent, "width": 2, "shape": "hv"},
        hoverinfo="skip",
        name="best within the cap so far",
    )
    within = {"symbol": "circle", "size": 8, "color": palette.accent}
    over = {
        "symbol": "x-thin",
        "size": 7,
        "line": {"color": transparent(palette.bad, 0.75), "width": 1.4},
    }
    for feasible, name, marker in (
        (True, "within the cap", within),
        (False, "over the cap", over),
    ):
        chosen = [
            (entry, entry.point)
            for entry in data.entries
            if entry.point
            and entry.trial in drawn
            and (entry.point.standing is not Standing.over_cap) == feasible
        ]
        if chosen:
            draw_scatter(
                figure,
                x=[entry.order for entry, _ in chosen],
                y=[point.compression_rate for _, point in chosen],
                customdata=[point.trial for _, point in chosen],
                mode="markers",
                marker=marker,
                hovertext=[
                    f"<b>Trial {point.trial}</b>{_of(entry.setting)}<br>"
                    f"{formats.rate(point.compression_rate)}, "
                    f"{formats.points(point.accuracy_loss)} points lost<br>"
                    f"computing so far {formats.duration(entry.seconds)}"
                    for entry, point in chosen
                ],
                hoverinfo="text",
                name=name,
            )


def _drawn(data: HistoryData) -> set[int]:
    """Return the numbers of the measured trials that are drawn."""
    return {p.trial for p in thinned([entry.point for entry in data.entries if entry.point])}


def _steps(values: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Leave out of a staircase what does not change, but for its last place."""
    last = len(values) - 1
    return [
        step
        for place, step in enumerate(values)
        if place in (0, last) or step[1] != values[place - 1][1]
    ]


def _draw_unfinished(figure: go.Figure, data: HistoryData, palette: Palette) -> None:
    """Stopped and failed trials have no rate: they stand in a row between the two panels."""
    for failed, name, symbol in (
        (False, "stopped early", "line-ns"),
        (True, "failed", "diamond-open"),
    ):
        chosen = [e for e in data.entries if e.point is None and e.failed == failed]
        if chosen:
            draw_scatter(
                figure,
                x=[entry.order for entry in chosen],
                y=[0] * len(chosen),
                yaxis="y3",
                customdata=[entry.trial for entry in chosen],
                mode="markers",
                marker={
                    "symbol": symbol,
                    "size": 8,
                    "color": palette.bad if failed else palette.muted,
                    "line": {"color": palette.bad if failed else palette.muted, "width": 1.5},
                },
                hovertext=[
                    f"<b>Trial {entry.trial}</b>{_of(entry.setting)} {name}<br>"
                    + "<br>".join(map(escape, wrap(entry.reason or "no reason stored", 60)))
                    for entry in chosen
                ],
                hoverinfo="text",
                name=name,
            )
    figure.update_layout(
        yaxis3={"domain": [0.27, 0.33], "range": [-1, 1], "visible": False, "fixedrange": True}
    )


def _of(setting: str | None) -> str:
    return f" · {escape(setting.replace('_', ' '))}" if setting else ""
