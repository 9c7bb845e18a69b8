"""How the page of a study follows the study and its reader: only what has changed is sent.

A clock asks whether the study has changed; each part that depends on what did and is near the
screen is drawn again, and the browser gets the difference. Zoom and selection are the browser's and
stay.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from core.errors import SoftshareError
from dashboards.live.addresses import place_of
from dashboards.live.context import Context
from dashboards.live.drawn import digest_of
from dashboards.live.frame import PLACE, THEME, TICK
from dashboards.live.study_figures import FIGURES, TRIAL_FIGURES, FigurePart
from dashboards.live.study_texts import TEXTS, TextPart
from dashboards.live.view import selection, view_of
from search.records import StudySnapshot, TrialState

TRIALS = "trials-version"
EPOCHS = "epochs-version"
SELECTED = "selected"

_RUNNING_SECONDS = 10
"""How often the bars of running trials grow."""

_SETTINGS = {
    "cap": ("cap", "value"),
    "weight": ("weight", "value"),
    "colour": ("colour", "value"),
    "accounting": ("accounting", "value"),
    "key": ("slice-key", "value"),
    "selected": (SELECTED, "data"),
}


def add_callbacks(app: Dash, context: Context) -> None:
    """Let the page follow its study and its reader."""
    _add_clock(app, context)
    _add_selection(app)
    for name, figure in FIGURES.items():
        _add_figure(app, context, name, figure)
    for name, text in TEXTS.items():
        _add_text(app, context, name, text)


def _add_clock(app: Dash, context: Context) -> None:
    @app.callback(
        Output(TRIALS, "data"),
        Output(EPOCHS, "data"),
        Input(TICK, "n_intervals"),
        State(PLACE, "pathname"),
        State(TRIALS, "data"),
        State(EPOCHS, "data"),
        prevent_initial_call=True,
    )
    def look(_count: int | None, path: str, trials: str, epochs: str) -> Any:
        try:
            found = versions(context, context.watch.study(place_of(path).study))
        except SoftshareError:
            return no_update, no_update  # the frame says why
        return (
            no_update if found[0] == trials else found[0],
            no_update if found[1] == epochs else found[1],
        )


def versions(context: Context, snapshot: StudySnapshot) -> tuple[str, str]:
    """Return what changes when trials end, and what changes while they run."""
    states = Counter(trial.state for trial in snapshot.trials)
    at_work = states.pop(TrialState.running, 0)
    measured = context.importances.known(snapshot)
    trials = (
        f"{snapshot.study.created_at.timestamp()} {snapshot.study.num_trials} "
        f"{sorted(states.items())} {0 if measured is None else measured.num_trials}"
    )
    alive = sum(worker.is_alive for worker in context.watch.workers())
    moment = int(datetime.now(UTC).timestamp()) // _RUNNING_SECONDS if at_work else 0
    return trials, f"{trials} {at_work} {len(snapshot.epochs)} {alive} {moment}"


def _add_figure(app: Dash, context: Context, name: str, part: FigurePart) -> None:
    @app.callback(
        output=(
            Output(f"figure-{name}", "figure"),
            Output(f"figure-{name}", "style"),
            Output(f"had-{name}", "data"),
        ),
        inputs={**_inputs(part), "seen": Input(f"seen-{name}", "data")},
        state=_states(part, name),
        prevent_initial_call=True,
    )
    def draw(path: str, theme: str, had: str, seen: bool, **given: Any) -> Any:
        if not seen:
            return no_update, no_update, no_update
        try:
            view = view_of(context, place_of(path).study, theme, given)
            return context.drawn.update(part.draw(view), had)
        except SoftshareError:
            return no_update, no_update, no_update  # the frame says why


def _add_text(app: Dash, context: Context, name: str, part: TextPart) -> None:
    @app.callback(
        output=(Output(f"text-{name}", "children"), Output(f"had-{name}", "data")),
        inputs=_inputs(part),
        state=_states(part, name),
        prevent_initial_call=True,
    )
    def write(path: str, theme: str, had: str, **given: Any) -> Any:
        try:
            content = part.write(view_of(context, place_of(path).study, theme, given))
        except SoftshareError:
            return no_update, no_update  # the frame says why
        digest = digest_of(content)
        return (no_update, no_update) if digest == had else (content, digest)


def _inputs(part: FigurePart | TextPart) -> Mapping[str, Input]:
    clock = EPOCHS if part.follows_epochs else TRIALS
    controls = {name: Input(*_SETTINGS[name]) for name in part.controls}
    return {"_clock": Input(clock, "data"), **controls}


def _states(part: FigurePart | TextPart, name: str) -> Mapping[str, State]:
    others = {key: State(*at) for key, at in _SETTINGS.items() if key not in part.controls}
    return {
        "path": State(PLACE, "pathname"),
        "theme": State(THEME, "data"),
        "had": State(f"had-{name}", "data"),
        **others,
    }


def _add_selection(app: Dash) -> None:
    clicks = {name: Input(f"figure-{name}", "clickData") for name in TRIAL_FIGURES}
    boxes = {name: Input(f"figure-{name}", "selectedData") for name in ("front", "along")}

    @app.callback(
        output=Output(SELECTED, "data"),
        inputs={
            "clicks": clicks,
            "boxes": boxes,
            "picked": Input("pick", "value"),
            "_cleared": Input("clear", "n_clicks"),
        },
        prevent_initial_call=True,
    )
    def select(clicks: dict[str, Any], boxes: dict[str, Any], picked: Any, _cleared: Any) -> Any:
        triggered = ctx.triggered_prop_ids
        if "clear.n_clicks" in triggered:
            return []
        if "pick.value" in triggered:
            return no_update if picked is None else list(selection([picked]))
        for name in TRIAL_FIGURES:
            if f"figure-{name}.clickData" in triggered:
                return _numbers(clicks[name]) or no_update
        for name, box in boxes.items():
            if f"figure-{name}.selectedData" in triggered:
                return _numbers(box) or no_update
        return no_update


def _numbers(event: Any) -> list[int]:
    """Return the trials of the points of an event."""
    points = event.get("points", []) if isinstance(event, dict) else []
    return list(selection([point.get("customdata") for point in points]))
