"""The figures of the study page, from a reader's view: the report's own and those beside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import plotly.graph_objects as go

from dashboards.figures import (
    colouring_of,
    dimensions_of,
    draw_history,
    draw_hypervolume_over_compute,
    draw_importance,
    draw_learning_curves,
    draw_parallel,
    draw_pareto_front,
    draw_slice,
    draw_timeline,
    history_data,
    learning_curves_data,
    parallel_data,
    pareto_front_data,
    shown_trials,
    slice_data,
    timeline_data,
)
from dashboards.figures.style import sentence_figure
from dashboards.live.view import View
from dashboards.live.watch import only
from dashboards.points import MAX_DRAWN
from search.records import TrialState


@dataclass(frozen=True, kw_only=True)
class FigurePart:
    """A figure of the page.

    Attributes:
        draw: draws it from a view.
        title: what it is, until it is drawn.
        height: about how high it will be, in pixels.
        controls: settings of the page that it depends on.
        follows_epochs: whether it changes while trials run, and not only when they end.
    """

    draw: Callable[[View], go.Figure]
    title: str
    height: int
    controls: tuple[str, ...]
    follows_epochs: bool = False


FEW_DRAWN = 400
"""Of more trials than these the front opens with a share: thousands take a browser a second."""


def front(view: View, most: int = MAX_DRAWN) -> go.Figure:
    """The Pareto front."""
    data = pareto_front_data(view.snapshot, view.config, view.accounting)
    keys = list(dimensions_of(view.snapshot))
    colouring = colouring_of(data, view.snapshot, view.colour, keys)
    return draw_pareto_front(data, view.palette, colouring, view.selected, most)


def history(view: View) -> go.Figure:
    """Rates and hypervolume over the trials."""
    return draw_history(history_data(view.snapshot, view.config), view.palette)


def compute(view: View) -> go.Figure:
    """Hypervolume over the computing time."""
    return draw_hypervolume_over_compute(history_data(view.snapshot, view.config), view.palette)


def importance(view: View) -> go.Figure:
    """Importance for both objectives, as far as it has been measured."""
    data = view.context.importances.measured(view.snapshot, view.config)
    if data is None:
        said = "The importances are being measured; they appear here by themselves."
        return sentence_figure(view.palette, said, title="Importance of the hyperparameters")
    return draw_importance(data, view.palette)


def parallel(view: View) -> go.Figure:
    """Parallel coordinates."""
    return draw_parallel(parallel_data(view.snapshot, view.config, view.selected), view.palette)


def along(view: View) -> go.Figure:
    """A slice along a hyperparameter."""
    data = slice_data(view.snapshot, view.config, view.key, view.selected)
    return draw_slice(data, view.palette)


def curves(view: View) -> go.Figure:
    """Learning curves of the running, the last and the selected trials."""
    shown = shown_trials(view.snapshot, view.selected)
    states = {trial.number: trial.state for trial in view.snapshot.trials}
    ended = [number for number in shown if states[number] is not TrialState.running]
    epochs = view.context.watch.curves(view.snapshot.study.name, ended)
    running = [epoch for epoch in view.snapshot.epochs if epoch.trial not in set(ended)]
    data = learning_curves_data(
        only(view.snapshot, (*epochs, *running)), view.config.max_accuracy_loss, view.selected
    )
    return draw_learning_curves(data, view.palette)


def timeline(view: View) -> go.Figure:
    """Who worked on what."""
    workers = view.context.watch.workers()
    name = view.snapshot.study.name
    alive = {worker.worker for worker in workers if worker.study == name and worker.is_alive}
    return draw_timeline(timeline_data(view.snapshot, datetime.now(UTC)), view.palette, alive)


FIGURES: Mapping[str, FigurePart] = {
    "front": FigurePart(
        draw=front,
        title="Accuracy loss against compression rate",
        height=540,
        controls=("cap", "weight", "colour", "accounting", "selected"),
    ),
    "history": FigurePart(
        draw=history, title="Course of the search", height=520, controls=("cap",)
    ),
    "compute": FigurePart(
        draw=compute, title="Hypervolume over computing time", height=260, controls=("cap",)
    ),
    "importance": FigurePart(
        draw=importance, title="Importance of the hyperparameters", height=600, controls=()
    ),
    "parallel": FigurePart(
        draw=parallel,
        title="Parallel coordinates",
        height=430,
        controls=("cap", "weight", "selected"),
    ),
    "along": FigurePart(
        draw=along, title="A slice", height=470, controls=("cap", "key", "selected")
    ),
    "curves": FigurePart(
        draw=curves,
        title="Learning curves",
        height=520,
        controls=("cap", "selected"),
        follows_epochs=True,
    ),
    "timeline": FigurePart(
        draw=timeline, title="Workers and trials", height=140, controls=(), follows_epochs=True
    ),
}
"""The page's figures by their names."""

TRIAL_FIGURES = ("front", "history", "parallel", "along", "curves", "timeline")
"""Figures whose points carry the numbers of trials."""
