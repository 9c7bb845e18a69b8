"""The page of all studies: how far each is, its best file, what it took, who works on it."""

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from core.errors import SoftshareError
from dashboards import formats
from dashboards.live.addresses import Place, file_path, place_of, study_path, trial_path
from dashboards.live.clock import MAX_STUDIES
from dashboards.live.context import Context
from dashboards.live.drawn import digest_of
from dashboards.live.frame import PLACE, TICK, Content
from dashboards.live.study_texts import saved
from dashboards.points import Point, Standing, best_of, points_of
from dashboards.published import network_title
from search.overview import WorkerRecord
from search.records import StudySnapshot, TrialRecord, TrialState

_CARDS = "studies"
_HAD = "had-studies"


def page(context: Context, _place: Place, _theme: str) -> list[Content]:
    """The whole page.

    Raises:
        SoftshareError: the database cannot be read.
    """
    cards = _cards(context)
    return [
        html.Header(html.H1("Studies")),
        html.Div(cards, id=_CARDS),
        dcc.Store(id=_HAD, data=digest_of(cards)),
    ]


def add_callbacks(app: Dash, context: Context) -> None:
    """Let the page follow the database."""

    @app.callback(
        Output(_CARDS, "children"),
        Output(_HAD, "data"),
        Input(TICK, "data"),
        State(PLACE, "pathname"),
        State(_HAD, "data"),
        prevent_initial_call=True,
    )
    def look(_clock: str | None, path: str, had: str) -> Any:
        if place_of(path).page != "studies":
            return no_update, no_update
        try:
            cards = _cards(context)
        except SoftshareError:
            return no_update, no_update  # the frame says why
        told = digest_of(cards)
        return (no_update, no_update) if told == had else (cards, told)


def _cards(context: Context) -> list[Content]:
    names = context.watch.names()
    if not names:
        said = "There are no studies in this database yet; `softshare search` creates one."
        return [html.Section(html.P(said), className="notice")]
    workers = context.watch.workers()
    shown = [_card(context, name, workers) for name in names[:MAX_STUDIES]]
    more = len(names) - len(shown)
    if more:
        shown.append(html.P(f"{more} older studies are not listed.", className="reading"))
    return shown


def _card(context: Context, name: str, workers: tuple[WorkerRecord, ...]) -> Content:
    title = html.H2(dcc.Link(name, href=study_path(name)))
    try:
        snapshot = context.watch.study(name)
        points = points_of(snapshot, context.score_of(snapshot))
    except SoftshareError as error:
        return html.Section([title, html.P(f"{error}.", className="nothing")], className="study")
    mine = [worker for worker in workers if worker.study == name]
    return html.Section(
        [
            title,
            html.P(_subtitle(snapshot), className="aside"),
            _progress(snapshot),
            html.Dl(
                [
                    item
                    for what, said in (
                        ("best file within the cap", _best(name, best_of(points))),
                        ("on the front", [_front(points)]),
                        ("computing", [_spent(snapshot)]),
                        ("workers", [_alive(mine)]),
                        ("without a file", [_lost(snapshot)]),
                    )
                    for item in (html.Div([html.Dt(what), html.Dd(said)]),)
                ],
                className="measures",
            ),
            *_failures(name, snapshot),
        ],
        className="study",
    )


def _subtitle(snapshot: StudySnapshot) -> str:
    study = snapshot.study
    return (
        f"{network_title(study.config['model']['name'])}, "
        f"{formats.count(study.reference.num_parameters)} parameters; begun "
        f"{formats.moment(study.created_at)}"
    )


def _progress(snapshot: StudySnapshot) -> html.Div:
    done, asked = snapshot.num_finished, snapshot.study.num_trials
    share = min(1.0, done / max(asked, 1))
    said = f"{formats.count(done)} of {formats.count(asked)} trials"
    return html.Div(
        [
            html.Div(html.Div(style={"width": f"{100 * share:.1f}%"}), className="progress"),
            html.Span(said),
        ],
        className="told-progress",
    )


def _best(name: str, best: Point | None) -> list[Content]:
    if best is None:
        return ["none yet"]
    return [
        dcc.Link(formats.num_bytes(best.file_bytes), href=trial_path(name, best.trial)),
        f" ({formats.rate(best.compression_rate)}), {formats.points(best.accuracy_loss)} points · ",
        html.A("download", href=file_path(name, best.trial, "sws")),
    ]


def _front(points: tuple[Point, ...]) -> str:
    front = sum(point.standing is Standing.front for point in points)
    within = sum(point.standing is not Standing.over_cap for point in points)
    return f"{front} of {within} within the cap"


def _spent(snapshot: StudySnapshot) -> str:
    spent = sum(trial.seconds or 0 for trial in snapshot.trials if trial.inherited_from is None)
    return ", ".join((formats.duration(spent), *saved(snapshot)))


def _alive(workers: list[WorkerRecord]) -> str:
    alive = sum(worker.is_alive for worker in workers)
    silent = len(workers) - alive
    return f"{alive} alive" + (f", {silent} not heard of" if silent else "")


def _lost(snapshot: StudySnapshot) -> str:
    counted = [
        f"{number} {state.value}"
        for state in (TrialState.stopped, TrialState.failed, TrialState.interrupted)
        if (number := sum(trial.state is state for trial in snapshot.trials))
    ]
    return ", ".join(counted) or "none"


def _failures(name: str, snapshot: StudySnapshot) -> list[Content]:
    failed: list[TrialRecord] = [t for t in snapshot.trials if t.state is TrialState.failed]
    if not failed:
        return []
    lines = [
        html.Li(
            [
                dcc.Link(f"trial {trial.number}", href=trial_path(name, trial.number)),
                f": {trial.reason or 'no reason was stored'}",
            ]
        )
        for trial in failed[:-4:-1]
    ]
    return [html.Ul(lines, className="failures")]
