"""The page of a trial: what it was given, what came out, where the bits of its file go, and why."""

import shlex
from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from core.errors import SoftshareError
from dashboards import formats
from dashboards.figures import draw_learning_curves, learning_curves_data
from dashboards.live.addresses import Place, file_path, place_of, study_path
from dashboards.live.context import Context, palette_of
from dashboards.live.frame import PLACE, TICK, Content, commands, graph, heading, marked, section
from dashboards.live.trial_file import file_sections
from dashboards.live.trial_weights import weight_sections
from dashboards.live.watch import only
from dashboards.markup import Column, Html, row, table, text
from dashboards.palette import Palette
from dashboards.points import Point, points_of
from dashboards.tables import comparison_table
from search.composition import as_override
from search.conversion import leaves
from search.records import StudySnapshot, TrialRecord, TrialState
from search.reproduction import FOLDER

_SAW = "trial-saw"
_RELOAD = "trial-state"


def page(context: Context, place: Place, theme: str) -> list[Content]:
    """The whole page of a trial.

    Raises:
        SoftshareError: there is no such study or trial, or the database cannot be read.
    """
    snapshot = context.watch.study(place.study)
    trial = context.watch.trial(place.study, place.trial)
    return [
        dcc.Store(id=_SAW, data=_seen(trial, snapshot)),
        html.Div(_contents(context, snapshot, trial, palette_of(theme)), id=_RELOAD),
    ]


def add_callbacks(app: Dash, context: Context) -> None:
    """Draw the page again while its trial goes on; one that has ended never changes."""

    @app.callback(
        Output(_RELOAD, "children"),
        Output(_SAW, "data"),
        Input(TICK, "data"),
        State(PLACE, "pathname"),
        State("theme", "data"),
        State(_SAW, "data"),
        prevent_initial_call=True,
    )
    def look(_clock: str | None, path: str, theme: str, saw: str) -> Any:
        place = place_of(path)
        try:
            snapshot = context.watch.study(place.study)
            trial = context.watch.trial(place.study, place.trial)
            seen = _seen(trial, snapshot)
            if place.page != "trial" or seen == saw:
                return no_update, no_update
            return _contents(context, snapshot, trial, palette_of(theme)), seen
        except SoftshareError:
            return no_update, no_update  # the frame says why


def _seen(trial: TrialRecord, snapshot: StudySnapshot) -> str:
    epochs = sum(epoch.trial == trial.number for epoch in snapshot.epochs)
    return f"{trial.number} {trial.state.value} {epochs}"


def _contents(
    context: Context, snapshot: StudySnapshot, trial: TrialRecord, palette: Palette
) -> list[Content]:
    study = snapshot.study
    points = {p.trial: p for p in points_of(snapshot, context.score_of(snapshot))}
    point = points.get(trial.number)
    return [
        html.P(dcc.Link(f"← study {study.name}", href=study_path(study.name)), className="back"),
        heading("softshare trial", f"Trial {trial.number}", _facts(trial, point)),
        _outcome(snapshot, trial, point),
        _hyperparameters(snapshot, trial),
        *file_sections(context, snapshot, trial, palette),
        *_curve(context, snapshot, trial, palette),
        *(weight_sections(context, trial, point, palette) if point is not None else ()),
        _reproduction(context, snapshot, trial),
    ]


def _facts(trial: TrialRecord, point: Point | None) -> list[str]:
    state = trial.state.value if point is None else point.standing.value
    return [
        state,
        *([f"setting {trial.setting.replace('_', ' ')}"] if trial.setting else []),
        *([f"of the student {trial.student}"] if trial.student else []),
        *([f"begun {formats.moment(trial.started_at)}"] if trial.started_at else []),
        *([formats.duration(trial.seconds)] if trial.seconds is not None else []),
        *([f"by {trial.worker}"] if trial.worker else []),
        *([f"from study {trial.inherited_from}"] if trial.inherited_from else []),
    ]


def _outcome(snapshot: StudySnapshot, trial: TrialRecord, point: Point | None) -> Component:
    if point is None:
        reason = trial.reason or (
            "It is still running; this page follows it."
            if trial.state is TrialState.running
            else "No reason was stored."
        )
        return section("What came out", html.P(reason))
    name = snapshot.study.name
    return section(
        "What came out",
        *marked(comparison_table(snapshot.study.reference, point)),
        html.Div(
            [
                html.A("Download .sws", href=file_path(name, trial.number, "sws")),
                html.A(
                    "Download decoded .safetensors",
                    href=file_path(name, trial.number, "safetensors"),
                ),
            ],
            className="downloads",
        ),
        reading=[
            "All errors are of the decoded file: it was written, read back and measured. The test "
            "error chose nothing."
        ],
    )


def _hyperparameters(snapshot: StudySnapshot, trial: TrialRecord) -> Component:
    configured = dict(leaves(snapshot.study.config))
    columns = (
        Column(title="hyperparameter", is_number=False),
        Column(title="this trial"),
        Column(title="study's default"),
        Column(title="this over default"),
    )
    rows = []
    for key, value in trial.params.items():
        default = configured.get(key)
        is_changed = default != value
        written = text(formats.value(value))
        cells = [
            text(key),
            written if not is_changed else Html(f"<strong>{written}</strong>"),
            text(formats.MISSING if default is None else formats.value(default)),
            text(_factor(value, default)),
        ]
        rows.append(row(columns, cells))
    if not rows:
        return section("Hyperparameters", html.P("None was stored."))
    return section(
        "Hyperparameters",
        *marked(table(columns, rows, caption="Hyperparameters of the trial and their defaults")),
    )


def _factor(value: Any, default: Any) -> str:
    numbers = all(
        isinstance(number, int | float) and not isinstance(number, bool) and number > 0
        for number in (value, default)
    )
    if not numbers or value == default:
        return ""
    return f"{formats.TIMES}{value / default:.3g}"


def _curve(
    context: Context, snapshot: StudySnapshot, trial: TrialRecord, palette: Palette
) -> list[Content]:
    epochs = context.watch.curves(snapshot.study.name, [trial.number])
    if trial.state is TrialState.running:
        epochs = tuple(epoch for epoch in snapshot.epochs if epoch.trial == trial.number)
    if not epochs:
        return []
    cap = context.score_of(snapshot).max_accuracy_loss
    data = learning_curves_data(only(snapshot, epochs), cap, [trial.number])
    return [section("Learning curve", graph("trial-curve", draw_learning_curves(data, palette)))]


def _reproduction(context: Context, snapshot: StudySnapshot, trial: TrialRecord) -> Component:
    study = snapshot.study
    named = shlex.quote(as_override("study.name", study.name))
    lines: list[tuple[str, str]] = []
    if trial.artifact_id is not None:
        target = f"trial-{trial.number}.sws"
        take = f"softshare export {named} trial={trial.number} to={target}"
        lines = [("take its file", take), ("measure it again", f"softshare evaluate {target}")]
    is_own = study.config["model"].get("factory") is not None
    command = context.command_of(snapshot, trial.number)
    if command is not None:
        lines.append(("run it again", command))
    said = (
        "The last command compresses anew with exactly this trial's configuration and seed; on the "
        "same kind of machine it writes the same bytes."
        if command is not None
        else "Its configuration was not stored whole, or by another version: it cannot be run "
        "again by one command."
    )
    if is_own:
        said += (
            " The network is somebody's own: the commands need its code, which code.allowed allows "
            "where you trust it, and CHECKPOINT stands for the file of its weights."
        )
    if command is not None and f"data.dir={FOLDER}" in command:
        said += " FOLDER stands for the folder of the study's data."
    place = "Add storage.url=… to the first where the study is not in the default database."
    return section("Reproduce it", *commands(lines), reading=[said, place])
