"""Several studies on one front, and what they attain together (Fonseca and Fleming 1996).

Over several runs, the attainment at a rate is the loss that the best, the median and the worst of
them stay below in a file at least that small.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.colouring import hover_text
from dashboards.figures.pareto_front import Accounting
from dashboards.figures.style import (
    draw_level,
    draw_scatter,
    new_figure,
    rate_ticks,
    sentence_figure,
    transparent,
)
from dashboards.palette import LIGHT, Palette
from dashboards.points import Point, Standing, points_of
from dashboards.published import PublishedPoint, published_for
from search.records import StudySnapshot
from search.scoring import ScoreConfig


@dataclass(frozen=True, kw_only=True)
class Attained:
    """What some runs attain in files of at least one rate.

    Attributes:
        rate: the rate, > 0.
        best: accuracy loss of the best run, a fraction.
        median: the least loss that at least half of the runs attain; None where fewer do.
        worst: the loss that every run attains; None where not every one does.
    """

    rate: float
    best: float
    median: float | None
    worst: float | None


@dataclass(frozen=True, kw_only=True)
class ComparisonData:
    """What the figure draws.

    Attributes:
        accounting: of every rate in the figure.
        max_accuracy_loss: the largest of the studies' caps, a fraction.
        fronts: the Pareto front of every study by its name, by growing rate.
        attainment: of all of them together, by growing rate; empty for one study.
        published: results of others in the same accounting on the same network.
    """

    accounting: Accounting
    max_accuracy_loss: float
    fronts: Mapping[str, tuple[Point, ...]]
    attainment: tuple[Attained, ...]
    published: tuple[PublishedPoint, ...]

    def rate(self, point: Point) -> float:
        """Return the rate of a trial in this figure's accounting."""
        paper = self.accounting is Accounting.paper
        return point.han_compression_rate if paper else point.compression_rate

    def loss(self, point: Point) -> float:
        """Return the loss of a trial on the data that this figure shows, a fraction."""
        paper = self.accounting is Accounting.paper
        return point.test_accuracy_loss if paper else point.accuracy_loss


def comparison_data(
    studies: Sequence[tuple[StudySnapshot, ScoreConfig]],
    accounting: Accounting = Accounting.file,
) -> ComparisonData:
    """Gather the fronts of some studies, which are always by validation data and bytes."""
    fronts = {
        snapshot.study.name: tuple(
            sorted(
                (p for p in points_of(snapshot, config) if p.standing is Standing.front),
                key=lambda point: point.compression_rate,
            )
        )
        for snapshot, config in studies
    }
    networks = {snapshot.study.config["model"]["name"] for snapshot, _ in studies}
    is_paper = accounting is Accounting.paper and len(networks) == 1
    return ComparisonData(
        accounting=accounting,
        max_accuracy_loss=max((config.max_accuracy_loss for _, config in studies), default=0.0),
        fronts=fronts,
        attainment=attainment(list(fronts.values())) if accounting is Accounting.file else (),
        published=published_for(networks.pop()) if is_paper else (),
    )


def attainment(fronts: Sequence[Sequence[Point]]) -> tuple[Attained, ...]:
    """Return what runs attain at each rate that any of them has; nothing for fewer than two."""
    if len(fronts) < 2:
        return ()
    found = []
    for rate in sorted({point.compression_rate for front in fronts for point in front}):
        losses = sorted(
            min((p.accuracy_loss for p in front if p.compression_rate >= rate), default=math.inf)
            for front in fronts
        )
        # At least half of them: of four the second best.
        median, worst = losses[(len(losses) - 1) // 2], losses[-1]
        found.append(
            Attained(
                rate=rate,
                best=losses[0],
                median=median if math.isfinite(median) else None,
                worst=worst if math.isfinite(worst) else None,
            )
        )
    return tuple(found)


def draw_comparison(data: ComparisonData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the fronts side by side, and between the best and the worst what they attain."""
    title = f"Fronts of the studies ({data.accounting.value})"
    points = [point for front in data.fronts.values() for point in front]
    if not points:
        return sentence_figure(palette, "None of them has a file within its cap.", title=title)
    figure = new_figure(palette, height=540, title=title)
    by_file = data.accounting is Accounting.file
    _draw_attainment(figure, data, palette)
    colours = (palette.accent, palette.published, palette.bad, palette.muted, palette.second)
    symbols = ("circle", "square", "triangle-up", "x", "cross", "star")
    for place, (name, front) in enumerate(data.fronts.items()):
        colour = colours[place % len(colours)]
        draw_scatter(
            figure,
            x=[data.rate(point) for point in front],
            y=[100 * data.loss(point) for point in front],
            customdata=[[name, point.trial] for point in front],
            mode="lines+markers" if by_file else "markers",
            line={"color": colour, "width": 1.8, "shape": "vh"},
            marker={"size": 9, "color": colour, "symbol": symbols[place % len(symbols)]},
            hovertext=[f"{escape(name)}<br>{hover_text(point)}" for point in front],
            hoverinfo="text",
            name=escape(name),
        )
    if data.published:
        draw_scatter(
            figure,
            x=[row.compression_rate for row in data.published],
            y=[100 * row.accuracy_loss for row in data.published],
            mode="markers+text",
            text=[escape(row.authors) for row in data.published],
            textposition="middle right",
            textfont={"color": palette.published},
            marker={"symbol": "diamond", "size": 11, "color": palette.published},
            hovertext=[f"{row.authors} · published<br>{row.source}" for row in data.published],
            hoverinfo="text",
            name="published by others",
        )
    draw_level(figure, 0, {"color": palette.muted, "width": 1.2, "dash": "dot"})
    rates = [data.rate(point) for point in points] + [p.compression_rate for p in data.published]
    values, texts = rate_ticks(min(rates), max(rates))
    figure.update_xaxes(
        type="log",
        tickvals=values,
        ticktext=texts,
        range=[math.log10(min(rates) / 1.2), math.log10(max(rates) * 1.25)],
        title_text=f"compression rate, in {data.accounting.value}".replace(": ", "<br>"),
    )
    split = "validation" if by_file else "test"
    figure.update_yaxes(title_text=f"accuracy loss on {split} data, in points")
    return figure


def _draw_attainment(figure: go.Figure, data: ComparisonData, palette: Palette) -> None:
    complete = [step for step in data.attainment if step.worst is not None]
    if complete:
        rates = [step.rate for step in complete]
        for losses, fill in (
            ([step.best for step in complete], None),
            ([step.worst or 0.0 for step in complete], "tonexty"),
        ):
            draw_scatter(
                figure,
                x=rates,
                y=[100 * loss for loss in losses],
                mode="lines",
                line={"width": 0, "shape": "vh"},
                fill=fill,
                fillcolor=transparent(palette.dim, 0.25),
                hoverinfo="skip",
                showlegend=fill is not None,
                name="attained by the best to by all",
            )
    middle = [step for step in data.attainment if step.median is not None]
    if middle:
        draw_scatter(
            figure,
            x=[step.rate for step in middle],
            y=[100 * (step.median or 0.0) for step in middle],
            mode="lines",
            line={"color": palette.ink, "width": 1.6, "dash": "dash", "shape": "vh"},
            hovertext=[
                f"at least half of the studies lose at most {formats.points(step.median)} points "
                f"at {formats.rate(step.rate)}"
                for step in middle
            ],
            hoverinfo="text",
            name="median attainment",
        )
