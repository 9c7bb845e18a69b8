"""The methods of a study side by side: a Pareto front each and the joint one, by the same bytes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.colouring import hover_text
from dashboards.figures.pareto_front import View, view_of
from dashboards.figures.style import (
    draw_feasible,
    draw_outside,
    draw_scatter,
    new_figure,
    rate_ticks,
    sentence_figure,
    transparent,
)
from dashboards.palette import LIGHT, Palette, series_colour
from dashboards.points import Point, Standing, best_of, objectives_of, points_of
from search.judging import Effort, efforts
from search.methods import title_of
from search.pareto import pareto_front
from search.records import StudySnapshot
from search.scoring import ScoreConfig


@dataclass(frozen=True, kw_only=True)
class MethodFront:
    """One method of a study.

    Attributes:
        method: its name.
        points: its measured trials by number.
        front: those within the cap that no other of the method beats in both, from the least loss.
        best: its smallest file within the cap, or None.
        effort: what it took.
    """

    method: str
    points: tuple[Point, ...]
    front: tuple[Point, ...]
    best: Point | None
    effort: Effort

    @property
    def num_on_joint_front(self) -> int:
        """How many of its trials no trial of any method beats."""
        return sum(point.standing is Standing.front for point in self.points)


@dataclass(frozen=True, kw_only=True)
class MethodFrontsData:
    """What the figure draws.

    Attributes:
        methods: the methods that the study has trials of, the smallest file within the cap first.
        joint: the front of all of them together, from the least loss.
        max_accuracy_loss: the cap on the validation accuracy loss, a fraction.
        view: what the axes show at first.
        num_outside: measured trials outside the view.
    """

    methods: tuple[MethodFront, ...]
    joint: tuple[Point, ...]
    max_accuracy_loss: float
    view: View
    num_outside: int


def method_fronts_data(snapshot: StudySnapshot, config: ScoreConfig) -> MethodFrontsData:
    """Gather a study's trials by their method; standings are by validation data and all bytes."""
    points = points_of(snapshot, config)
    methods = [
        _front(method, [point for point in points if point.method == method], effort)
        for method, effort in efforts(snapshot).items()
    ]
    where = [(point.compression_rate, point.accuracy_loss) for point in points]
    view = view_of(where, [], config.max_accuracy_loss)
    return MethodFrontsData(
        methods=tuple(sorted(methods, key=_place)),
        joint=tuple(pareto_front(_feasible(points), objectives_of)),
        max_accuracy_loss=config.max_accuracy_loss,
        view=view,
        num_outside=sum(not view.holds(rate, loss) for rate, loss in where),
    )


def _front(method: str, points: Sequence[Point], effort: Effort) -> MethodFront:
    return MethodFront(
        method=method,
        points=tuple(points),
        front=tuple(pareto_front(_feasible(points), objectives_of)),
        best=best_of(points),
        effort=effort,
    )


def _feasible(points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.standing is not Standing.over_cap]


def _place(front: MethodFront) -> tuple[float, str]:
    return math.inf if front.best is None else front.best.file_bytes, front.method


def draw_method_fronts(data: MethodFrontsData, palette: Palette = LIGHT) -> go.Figure:
    """Draw each method's trials and front in a colour of its own, under the joint front."""
    title = "Pareto front of each method and of all together (bytes of the whole file)"
    if not any(front.points for front in data.methods):
        return sentence_figure(palette, "No trial has finished yet.", title=title)
    figure = new_figure(palette, height=540, title=title)
    cap = 100 * data.max_accuracy_loss
    draw_feasible(figure, cap, palette)
    draw_scatter(
        figure,
        x=[point.compression_rate for point in data.joint],
        y=[100 * point.accuracy_loss for point in data.joint],
        mode="lines",
        line={"color": transparent(palette.ink, 0.25), "width": 9, "shape": "vh"},
        hoverinfo="skip",
        name="all methods together",
        legendrank=1,
    )
    for index, front in enumerate(data.methods):
        _draw_method(figure, front, series_colour(palette, index), index)
    values, texts = rate_ticks(data.view.rate_low, data.view.rate_high)
    figure.update_xaxes(
        type="log",
        range=[math.log10(data.view.rate_low), math.log10(data.view.rate_high)],
        tickvals=values,
        ticktext=texts,
        title_text="compression rate, bytes of the file",
    )
    figure.update_yaxes(
        range=[100 * data.view.loss_low, 100 * data.view.loss_high],
        title_text="accuracy lost, points of validation error",
    )
    figure.update_layout(legend={"itemsizing": "constant"})
    draw_outside(figure, data.num_outside, palette)
    return figure


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{formats.count(number)} trials"


def _draw_method(figure: go.Figure, front: MethodFront, colour: str, index: int) -> None:
    name = title_of(front.method)
    draw_scatter(
        figure,
        x=[point.compression_rate for point in front.front],
        y=[100 * point.accuracy_loss for point in front.front],
        mode="lines",
        line={"color": colour, "width": 2, "shape": "vh"},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=front.method,
        name=name,
    )
    on_front = {point.trial for point in front.front}
    draw_scatter(
        figure,
        x=[point.compression_rate for point in front.points],
        y=[100 * point.accuracy_loss for point in front.points],
        customdata=[point.trial for point in front.points],
        mode="markers",
        marker={
            "size": [10 if point.trial in on_front else 6 for point in front.points],
            "color": colour,
            "opacity": [1.0 if point.trial in on_front else 0.55 for point in front.points],
        },
        hovertext=[hover_text(point) for point in front.points],
        hoverinfo="text",
        name=f"{name}, {_trials(front.effort.num_finished)}",
        legendgroup=front.method,
        legendrank=2 + index,
    )
