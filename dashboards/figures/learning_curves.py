"""Learning curves of trials: accuracy lost and estimated rate over the epochs, stops marked.

While a network is retrained its weights are not snapped to a codebook and its rate is an estimate.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.style import (
    draw_level,
    draw_scatter,
    new_figure,
    rate_ticks,
    sentence_figure,
    transparent,
)
from dashboards.palette import LIGHT, Palette
from search.records import EpochRecord, StudySnapshot, TrialState

MAX_CURVES = 24
"""More curves than these nobody tells apart."""

_STOPPED = (TrialState.stopped, TrialState.failed)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One trial's course.

    Attributes:
        trial: its number.
        state: how far it is.
        setting: name of the setting it tries, or None.
        reason: why it was stopped or failed, or None.
        epochs: the epochs that are over, over all phases.
        losses: accuracy loss after each of them, a fraction; None where it was no number.
        rates: estimated compression rate after each of them, None likewise.
    """

    trial: int
    state: TrialState
    setting: str | None
    reason: str | None
    epochs: tuple[int, ...]
    losses: tuple[float | None, ...]
    rates: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class LearningCurvesData:
    """What the figure draws.

    Attributes:
        curves: by trial.
        selected: trials that a reader chose.
        max_accuracy_loss: the cap, a fraction.
    """

    curves: tuple[Curve, ...]
    selected: frozenset[int]
    max_accuracy_loss: float


def shown_trials(snapshot: StudySnapshot, selected: Collection[int]) -> tuple[int, ...]:
    """Choose whose curves to show: the chosen, the running, and the last that ended."""
    numbers = [trial.number for trial in snapshot.trials]
    running = [t.number for t in snapshot.trials if t.state is TrialState.running]
    chosen = dict.fromkeys([n for n in numbers if n in selected] + running)
    for number in reversed(numbers):
        if len(chosen) >= MAX_CURVES:
            break
        chosen.setdefault(number)
    return tuple(sorted(list(chosen)[:MAX_CURVES]))


def learning_curves_data(
    snapshot: StudySnapshot, max_accuracy_loss: float, selected: Collection[int] = ()
) -> LearningCurvesData:
    """Gather the curves of all trials whose epochs a snapshot holds."""
    epochs: dict[int, list[EpochRecord]] = {}
    for epoch in snapshot.epochs:
        epochs.setdefault(epoch.trial, []).append(epoch)
    reference = snapshot.study.reference.validation_error
    curves = tuple(
        Curve(
            trial=trial.number,
            state=trial.state,
            setting=trial.setting,
            reason=trial.reason,
            epochs=tuple(epoch.epoch for epoch in epochs[trial.number]),
            losses=tuple(
                _finite(epoch.validation_error - reference) for epoch in epochs[trial.number]
            ),
            rates=tuple(
                _finite(epoch.estimated_compression_rate) for epoch in epochs[trial.number]
            ),
        )
        for trial in snapshot.trials
        if trial.number in epochs
    )
    return LearningCurvesData(
        curves=curves, selected=frozenset(selected), max_accuracy_loss=max_accuracy_loss
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def draw_learning_curves(data: LearningCurvesData, palette: Palette = LIGHT) -> go.Figure:
    """Draw the losses above, the rates below; trials carry their number as ``customdata``."""
    title = "Learning curves"
    if not data.curves:
        return sentence_figure(palette, "No epoch has ended yet.", title=title)
    figure = new_figure(palette, height=520, title=title)
    for panel in (1, 2):
        for curve in data.curves:
            _draw_curve(figure, curve, data, palette, panel)
    _draw_legend(figure, data, palette)
    draw_level(figure, 100 * data.max_accuracy_loss, {"color": palette.accent, "width": 1.2})
    losses = [loss for curve in data.curves for loss in curve.losses if loss is not None]
    rates = [rate for curve in data.curves for rate in curve.rates if rate is not None and rate > 0]
    # A network that collapses must not squash the others.
    most = 1.3 * sorted(losses)[int(0.9 * len(losses))] if losses else 0.0
    high = min(max([0.001, *losses]), max(4 * data.max_accuracy_loss, most))
    low = min([0.0, *losses])
    values, texts = rate_ticks(max(min(rates, default=1), 1e-3), max(rates, default=10))
    grid = {"gridcolor": palette.line, "zeroline": False, "automargin": True}
    heading = {"font": {"color": palette.ink, "size": 13}, "standoff": 12}
    figure.update_layout(
        xaxis={"title_text": "epochs, of all phases", "anchor": "y2"},
        yaxis={
            "domain": [0.46, 1],
            "range": [100 * (low - 0.06 * (high - low)), 100 * (high + 0.06 * (high - low))],
            "title_text": "points lost",
        },
        yaxis2={
            **grid,
            "domain": [0, 0.38],
            "type": "log",
            "tickvals": values,
            "ticktext": texts,
            "tickfont": {"color": palette.muted},
            "title": {"text": "estimated rate", **heading},
        },
    )
    return figure


def _draw_curve(
    figure: go.Figure, curve: Curve, data: LearningCurvesData, palette: Palette, panel: int
) -> None:
    is_selected = curve.trial in data.selected
    has_stopped = curve.state in _STOPPED
    colour = palette.dim
    if curve.state is TrialState.running:
        colour = palette.accent
    if has_stopped:
        colour = palette.bad
    if is_selected:
        colour = palette.published
    what = curve.losses if panel == 1 else curve.rates
    named = f"<b>Trial {curve.trial}</b>" + (
        f" · {escape(curve.setting.replace('_', ' '))}" if curve.setting else ""
    )
    why = f"<br>{escape(curve.reason[:90])}" if has_stopped and curve.reason else ""
    draw_scatter(
        figure,
        x=list(curve.epochs),
        y=[None if value is None else value * (100 if panel == 1 else 1) for value in what],
        yaxis="y" if panel == 1 else "y2",
        customdata=[curve.trial] * len(curve.epochs),
        mode="lines+markers",
        line={"color": transparent(colour, 1 if colour != palette.dim else 0.7),
              "width": 2.6 if is_selected else 1.5},
        marker={
            # Only its last epoch is marked: by a cross where the trial was stopped there.
            "symbol": ["circle"] * (len(curve.epochs) - 1) + ["x" if has_stopped else "circle"],
            "size": [0] * (len(curve.epochs) - 1) + [9 if has_stopped else 5],
            "color": colour,
        },
        hovertemplate=f"{named}, {curve.state.value}{why}<br>epoch %{{x}}: "
        + ("%{y:.2f} points lost" if panel == 1 else f"≈%{{y:.0f}}{formats.TIMES}")
        + "<extra></extra>",
        showlegend=False,
    )  # fmt: skip


def _draw_legend(figure: go.Figure, data: LearningCurvesData, palette: Palette) -> None:
    states = {curve.state for curve in data.curves}
    for colour, name, is_there in (
        (palette.accent, "running", TrialState.running in states),
        (palette.dim, "complete", TrialState.complete in states),
        (palette.bad, "stopped or failed", not states.isdisjoint(_STOPPED)),
        (palette.published, "selected", any(c.trial in data.selected for c in data.curves)),
    ):
        if not is_there:
            continue
        draw_scatter(
            figure,
            x=[None],
            y=[None],
            mode="lines",
            line={"color": colour, "width": 2.5},
            name=name,
        )
