"""Who worked on what and when: a bar a trial in a row a worker."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from html import escape

import plotly.graph_objects as go

from dashboards import formats
from dashboards.figures.style import new_figure, sentence_figure, transparent
from dashboards.palette import LIGHT, Palette
from search.records import StudySnapshot, TrialState

MAX_BARS = 400
"""Earlier trials are left out."""

_LOOK = {
    TrialState.complete: "complete",
    TrialState.stopped: "stopped early",
    TrialState.failed: "failed",
    TrialState.interrupted: "interrupted",
    TrialState.running: "running",
}


@dataclass(frozen=True, kw_only=True)
class Span:
    """The time that a worker spent on a trial.

    Attributes:
        trial: its number.
        worker: who worked on it, as host:process:random; empty where that was not kept.
        state: how far the trial is.
        started_at: UTC.
        ended_at: UTC; for a running trial the moment of the drawing.
        reason: why it was stopped, failed or was interrupted, or None.
    """

    trial: int
    worker: str
    state: TrialState
    started_at: datetime
    ended_at: datetime
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class TimelineData:
    """What the figure draws.

    Attributes:
        spans: by trial.
        workers: in the order of their first trial here.
        num_left_out: earlier trials that are not among the spans.
    """

    spans: tuple[Span, ...]
    workers: tuple[str, ...]
    num_left_out: int


def timeline_data(snapshot: StudySnapshot, now: datetime) -> TimelineData:
    """Gather the last trials that this study's own workers ran, up to a moment."""
    ran = [t for t in snapshot.trials if t.started_at is not None and t.inherited_from is None]
    spans = tuple(
        Span(
            trial=trial.number,
            worker=trial.worker or "",
            state=trial.state,
            started_at=trial.started_at,
            ended_at=trial.finished_at or max(now, trial.started_at),
            reason=trial.reason,
        )
        for trial in ran[-MAX_BARS:]
        if trial.started_at is not None
    )
    return TimelineData(
        spans=spans,
        workers=tuple(dict.fromkeys(span.worker for span in spans)),
        num_left_out=len(ran) - len(spans),
    )


def draw_timeline(
    data: TimelineData, palette: Palette = LIGHT, alive: Collection[str] = ()
) -> go.Figure:
    """Draw the bars by how the trials ended; they carry their trials' numbers as ``customdata``.

    Args:
        data: what to draw.
        palette: colours to draw with.
        alive: workers whose leases have not run out, to be marked.
    """
    title = "Timeline of the workers"
    if not data.spans:
        return sentence_figure(palette, "No worker has begun a trial yet.", title=title)
    figure = new_figure(palette, height=110 + 30 * len(data.workers), title=title)
    row = {worker: place for place, worker in enumerate(data.workers)}
    colours = {
        TrialState.complete: palette.accent,
        TrialState.stopped: palette.dim,
        TrialState.failed: palette.bad,
        TrialState.interrupted: palette.published,
        TrialState.running: palette.second,
    }
    for state, name in _LOOK.items():
        spans = [span for span in data.spans if span.state is state]
        if not spans:
            continue
        figure.add_bar(
            orientation="h",
            y=[row[span.worker] for span in spans],
            base=[_moment(span.started_at) for span in spans],
            x=[1000 * (span.ended_at - span.started_at).total_seconds() for span in spans],
            customdata=[span.trial for span in spans],
            width=0.56,
            marker={
                "color": transparent(colours[state], 0.85),
                "line": {"color": palette.surface, "width": 1},
            },
            hovertext=[_hover(span, name) for span in spans],
            hoverinfo="text",
            name=name,
        )
    figure.update_layout(barmode="overlay", bargap=0.2)
    figure.update_xaxes(type="date", title_text="time, UTC")
    figure.update_yaxes(
        tickvals=list(row.values()),
        ticktext=[_short(worker) + (" ●" if worker in alive else "") for worker in row],
        range=[len(row) - 0.4, -0.6],
        fixedrange=True,
    )
    return figure


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d}"


def _hover(span: Span, state: str) -> str:
    seconds = (span.ended_at - span.started_at).total_seconds()
    reason = f"<br>{escape(span.reason[:90])}" if span.reason else ""
    return (
        f"<b>Trial {span.trial}</b>, {state}<br>{formats.duration(seconds)} on "
        f"{escape(span.worker or 'an unknown worker')}{reason}"
    )


def _short(worker: str) -> str:
    """Return host and process of a worker; what tells it from a later one of that process not."""
    host, _, rest = worker.partition(":")
    named = f"{host[:14]}:{rest.partition(':')[0]}" if rest else worker
    return escape(named or "unknown")
