"""The words and tables of the study page, from a reader's view."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dash import dcc, html

from dashboards import formats
from dashboards.headline import networks
from dashboards.live.addresses import file_path, trial_path
from dashboards.live.frame import Content, commands, labelled, marked
from dashboards.live.view import View
from dashboards.points import Point, by_score
from dashboards.tables import front_table
from search.composition import as_override
from search.progress import running_trials, seconds_left
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import score

_MAX_ROWS = 12
_NUMBERS = ("score", "file", "rate", "lost", "epoch", "points lost", "left")
"""Columns that are set right."""


@dataclass(frozen=True, kw_only=True)
class TextPart:
    """A piece of the page that is words.

    Attributes:
        write: writes it from a view.
        controls: settings of the page that it depends on.
        follows_epochs: whether it changes while trials run, and not only when they end.
    """

    write: Callable[[View], list[Content]]
    controls: tuple[str, ...] = ()
    follows_epochs: bool = False


def facts(view: View) -> list[Content]:
    """How far the study is."""
    snapshot = view.snapshot
    study = snapshot.study
    name = study.name
    workers = [w for w in view.context.watch.workers() if w.study == name and w.is_alive]
    left = seconds_left(snapshot, len(workers)) if workers else None
    finished = f"{formats.count(snapshot.num_finished)} of {formats.count(study.num_trials)}"
    spent = sum(trial.seconds or 0 for trial in snapshot.trials if trial.inherited_from is None)
    said = [
        *networks(study),
        f"{finished} trials finished",
        f"{len(workers)} worker{'' if len(workers) == 1 else 's'} alive",
        f"computing {formats.duration(spent)}",
        *saved(snapshot),
        *([f"about {formats.duration(left)} left"] if left else []),
    ]
    share = min(1.0, snapshot.num_finished / max(study.num_trials, 1))
    bar = html.Div(html.Div(style={"width": f"{100 * share:.1f}%"}), className="progress")
    return [html.Ul([html.Li(fact) for fact in said], className="facts"), bar]


def saved(snapshot: StudySnapshot) -> tuple[str, ...]:
    """What stopping and short schedules saved, where they did."""
    share = snapshot.compute_saved
    return (f"{formats.percent(share, 0)} of the epochs saved",) if share else ()


def take(view: View) -> list[Content]:
    """Which file to take for the accuracy that a reader is willing to lose."""
    best, cap = view.best, formats.points(view.config.max_accuracy_loss)
    if best is None:
        nearest = min(view.points, key=lambda p: (p.accuracy_loss, p.trial), default=None)
        said = (
            "No trial has finished yet."
            if nearest is None
            else f"No file loses as little as {cap} points. The nearest, trial {nearest.trial}, "
            f"loses {formats.points(nearest.accuracy_loss)} at "
            f"{formats.num_bytes(nearest.file_bytes)}."
        )
        return [html.P(said, className="nothing")]
    name = view.snapshot.study.name
    study = shlex.quote(as_override("study.name", name))
    return [
        html.P(formats.num_bytes(best.file_bytes), className="hero"),
        html.P(
            [
                html.Strong(f"{formats.rate(best.compression_rate)} smaller"),
                f", {formats.points(best.accuracy_loss)} points of validation accuracy lost; test "
                f"error {formats.percent(best.test_error)}.",
            ]
        ),
        html.P(
            [
                dcc.Link(f"Trial {best.trial}", href=trial_path(name, best.trial)),
                " · ",
                html.A("Download .sws", href=file_path(name, best.trial, "sws")),
            ]
        ),
        *commands([("", f"softshare export {study} trial={best.trial} to=best.sws")]),
    ]


def ranking(view: View) -> list[Content]:
    """The trials of the highest score, as a reader weighs accuracy against size."""
    config = view.config
    ranked = by_score(view.snapshot, config)[:5]
    name = view.snapshot.study.name
    rows = [
        html.Tr(
            [
                html.Th(dcc.Link(f"trial {p.trial}", href=trial_path(name, p.trial)), scope="row"),
                html.Td(f"{score(p, config).scalar:.2f}", className="number"),
                html.Td(formats.num_bytes(p.file_bytes), className="number"),
                html.Td(formats.points(p.accuracy_loss), className="number"),
            ]
        )
        for p in ranked
    ]
    heads = ["best by score", "score", "file", "lost"]
    return [_table("The trials of the highest score", heads, rows)] if rows else []


def front_rows(view: View) -> list[Content]:
    """The front as a table, whose rows lead to the trials."""
    name = view.snapshot.study.name
    content = marked(front_table(view.points, view.best))
    return _relinked(content, lambda number: trial_path(name, number)) if view.best else []


def _relinked(content: list[Content], path: Callable[[int], str]) -> list[Content]:
    """Lead links that the report has to rows of its own to the pages of the trials."""
    for part in content:
        target = getattr(part, "href", None)
        if isinstance(part, html.A) and isinstance(target, str) and target.startswith("#trial-"):
            setattr(part, "href", path(int(target.removeprefix("#trial-"))))  # noqa: B010 untyped
        children = getattr(part, "children", None)
        if isinstance(children, list):
            _relinked(children, path)
    return content


def chosen(view: View) -> list[Content]:
    """The trials that a reader selected."""
    if not view.selected:
        return [
            html.P(
                "Nothing is selected: click a point of any figure, draw a box around several, or "
                "type a trial's number.",
                className="nothing",
            )
        ]
    points = {point.trial: point for point in view.points}
    trials = {trial.number: trial for trial in view.snapshot.trials}
    name = view.snapshot.study.name
    rows = [
        _chosen_row(name, trials[number], points.get(number))
        for number in view.selected[:_MAX_ROWS]
        if number in trials
    ]
    more = len(view.selected) - _MAX_ROWS
    return [
        _table("Selected trials", ["selected", "state", "file", "rate", "lost", ""], rows),
        *([html.P(f"and {more} more", className="nothing")] if more > 0 else []),
    ]


def _chosen_row(name: str, trial: TrialRecord, point: Point | None) -> html.Tr:
    link = dcc.Link(f"trial {trial.number}", href=trial_path(name, trial.number))
    if point is None:
        return html.Tr(
            [
                html.Th(link, scope="row"),
                html.Td(trial.state.value),
                html.Td(trial.reason or "", colSpan=4, className="reason"),
            ]
        )
    return html.Tr(
        [
            html.Th(link, scope="row"),
            html.Td(point.standing.value),
            html.Td(formats.num_bytes(point.file_bytes), className="number"),
            html.Td(formats.rate(point.compression_rate), className="number"),
            html.Td(formats.points(point.accuracy_loss), className="number"),
            html.Td(html.A("download", href=file_path(name, trial.number, "sws"))),
        ]
    )


def running(view: View) -> list[Content]:
    """The running trials, and who works on them."""
    name = view.snapshot.study.name
    at_work = running_trials(view.snapshot)
    if not at_work:
        return [html.P("No trial is running.", className="nothing")]
    workers = {w.trial: w for w in view.context.watch.workers() if w.study == name}
    rows = []
    for trial in at_work:
        worker = workers.get(trial.number)
        who = "nobody holds it" if worker is None else worker.worker
        if worker is not None and not worker.is_alive:
            who += (
                f", not heard of: its lease ran out {formats.duration(-worker.lease_seconds)} ago"
            )
        rows.append(
            html.Tr(
                [
                    html.Th(
                        dcc.Link(f"trial {trial.number}", href=trial_path(name, trial.number)),
                        scope="row",
                    ),
                    html.Td(trial.setting.replace("_", " ")),
                    html.Td(f"{trial.epoch}/{trial.num_epochs or '?'}", className="number"),
                    html.Td(trial.loss, className="number"),
                    html.Td(trial.estimate, className="number"),
                    html.Td(formats.duration(trial.seconds_left), className="number"),
                    html.Td(who, className="reason"),
                ]
            )
        )
    heads = ["running", "setting", "epoch", "points lost", "rate", "left", "worker"]
    return [_table("Running trials", heads, rows)]


def failures(view: View) -> list[Content]:
    """The last trials that failed, were stopped or interrupted, and why."""
    states = (TrialState.failed, TrialState.stopped, TrialState.interrupted)
    ended = [trial for trial in view.snapshot.trials if trial.state in states]
    if not ended:
        return [html.P("No trial has failed or was stopped.", className="nothing")]
    name = view.snapshot.study.name
    rows = [
        html.Tr(
            [
                html.Th(
                    dcc.Link(f"trial {trial.number}", href=trial_path(name, trial.number)),
                    scope="row",
                ),
                html.Td(
                    trial.state.value,
                    className="state bad" if trial.state is TrialState.failed else "state",
                ),
                html.Td(trial.reason or "no reason was stored", className="reason"),
            ]
        )
        for trial in ended[: -_MAX_ROWS - 1 : -1]
    ]
    more = len(ended) - len(rows)
    return [
        _table("Trials without a file", ["trial", "state", "reason"], rows),
        *([html.P(f"and {more} before these", className="nothing")] if more else []),
    ]


def _table(caption: str, heads: list[str], rows: list[html.Tr]) -> html.Div:
    table = html.Table(
        [
            html.Caption(caption, className="unseen"),
            html.Thead(
                html.Tr(
                    [
                        html.Th(head, scope="col", className="number" if head in _NUMBERS else None)
                        for head in heads
                    ]
                )
            ),
            html.Tbody(rows),
        ]
    )
    return html.Div(table, className="scroll", tabIndex="0", role="region", **labelled(caption))


TEXTS: Mapping[str, TextPart] = {
    "facts": TextPart(write=facts, follows_epochs=True),
    "take": TextPart(write=take, controls=("cap",)),
    "ranking": TextPart(write=ranking, controls=("weight",)),
    "front-rows": TextPart(write=front_rows, controls=("cap",)),
    "chosen": TextPart(write=chosen, controls=("cap", "selected")),
    "running": TextPart(write=running, follows_epochs=True),
    "failures": TextPart(write=failures),
}
"""The page's words by their names."""
