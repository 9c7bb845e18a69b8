"""Draws the trials of a search coloured by their score (paper, Figure 2)."""

from html import escape

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.pareto_front import ParetoFrontData
from dashboards.palette import Palette
from dashboards.points import Point, Standing
from search.methods import title_of


def draw_scores(figure: go.Figure, data: ParetoFrontData, palette: Palette) -> None:
    """Draw every trial in the colour of its score, the best on top and the smallest file ringed.

    The colours span the scores of the trials in view: a collapsed network must not take them all.
    """
    order = sorted(range(len(data.points)), key=lambda index: data.scores[index])
    shown = [
        data.scores[index]
        for index in order
        if data.view.holds(data.rate(data.points[index]), data.loss(data.points[index]))
    ] or list(data.scores)
    points = [data.points[index] for index in order]
    figure.add_scatter(
        x=[data.rate(point) for point in points],
        y=[100 * data.loss(point) for point in points],
        customdata=[point.trial for point in points],
        mode="markers",
        marker={
            "size": [6 if p.standing is Standing.over_cap else 11 for p in points],
            "color": [data.scores[index] for index in order],
            "cmin": min(shown),
            "cmax": max(shown),
            "colorscale": [[0, palette.line], [0.5, palette.dim], [1, palette.accent]],
            "line": {"color": palette.muted, "width": 0.6},
            "colorbar": {
                "title": {"text": "score", "font": {"color": palette.ink, "size": 13}},
                "thickness": 10,
                "len": 0.7,
                "outlinewidth": 0,
                "tickfont": {"color": palette.muted},
                "nticks": 5,
            },
        },
        hovertext=[
            f"{hover_text(point)}<br>score {data.scores[index]:.2f}"
            for point, index in zip(points, order, strict=True)
        ],
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        marker={"size": 11, "color": palette.accent},
        name="trials by their score, small ones over the cap",
        legendrank=1,
    )
    if data.best is not None:
        figure.add_scatter(
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


def hover_text(point: Point) -> str:
    """Return what is said of a trial when it is pointed at."""
    setting = f" · {escape(point.setting.replace('_', ' '))}" if point.setting else ""
    return "<br>".join(
        (
            f"<b>Trial {point.trial}</b>{setting} · {escape(title_of(point.method))}"
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
