"""The page of a study: it follows the study, and only what has changed is sent.

Words and the front are there when it is opened, every other figure once it comes near the screen.
From then on a clock asks whether the study has changed; each part that depends on what did and is
near the screen is drawn again, and the browser gets the difference. Zoom and selection are the
browser's and stay.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from core.errors import SoftshareError
from dashboards.figures import Accounting, dimensions_of
from dashboards.figures.colouring import ORDER, SCORE
from dashboards.figures.style import sentence_figure
from dashboards.live.addresses import Place, compare_path, place_of
from dashboards.live.context import Context
from dashboards.live.drawn import digest_of
from dashboards.live.frame import PLACE, THEME, TICK, Content, graph, section
from dashboards.live.study_figures import FIGURES, TRIAL_FIGURES, FigurePart
from dashboards.live.study_texts import TEXTS, TextPart
from dashboards.live.view import STANDING, View, first_view, selection, view_of
from search.records import StudySnapshot, TrialState

TRIALS = "trials-version"
EPOCHS = "epochs-version"
SELECTED = "selected"
_SETTINGS = {
    "cap": ("cap", "value"),
    "weight": ("weight", "value"),
    "colour": ("colour", "value"),
    "accounting": ("accounting", "value"),
    "key": ("slice-key", "value"),
    "selected": (SELECTED, "data"),
}
_FIRST = "front"
"""The figure that is on the screen when the page opens."""

_RUNNING_SECONDS = 10
"""How often the bars of running trials grow."""


def page(context: Context, place: Place, theme: str) -> list[Content]:
    """The whole page of a study.

    Raises:
        SoftshareError: it cannot be read.
    """
    view = first_view(context, place.study, theme)
    trials, epochs = _versions(context, view.snapshot)
    return [
        dcc.Store(id=TRIALS, data=trials),
        dcc.Store(id=EPOCHS, data=epochs),
        dcc.Store(id=SELECTED, data=[]),
        html.Header(
            [
                html.P("softshare study", className="eyebrow"),
                html.H1(place.study),
                _text(view, "facts"),
                html.P(dcc.Link("Compare it with others", href=compare_path((place.study,)))),
            ]
        ),
        _front_section(view),
        html.Section(
            [html.H2("Selected trials"), _pick(), _text(view, "chosen")], className="chosen"
        ),
        section(
            "Course of the search",
            _figure(view, "history"),
            _figure(view, "compute"),
        ),
        section(
            "Learning curves",
            _figure(view, "curves"),
            reading=[
                "The running trials, the last that ended and those you selected; a cross is where "
                "one was stopped.",
                "Until a trial's last phase its weights are not snapped to a codebook: losses are "
                "of the network as it stands, rates are estimates.",
            ],
        ),
        section("Along one hyperparameter", _key_choice(view), _figure(view, "along")),
        section(
            "All hyperparameters at once",
            _figure(view, "parallel"),
            reading=[
                "A line is a trial, from its hyperparameters to what it came to; the front, your "
                "selection and the best of the others by score."
            ],
        ),
        section(
            "Which hyperparameters matter",
            _figure(view, "importance"),
            reading=[
                "PED-ANOVA's importances: how differently the best trials are spread along a "
                "hyperparameter than all. A dotted line is the most that shuffled results gave."
            ],
        ),
        section(
            "Workers and trials",
            _figure(view, "timeline"),
            _text(view, "running"),
            _text(view, "failures"),
        ),
    ]  # fmt: skip


def _front_section(view: View) -> Component:
    return html.Section(
        [
            html.H2("Which file to take"),
            html.Div(
                [
                    html.Div([_cap_slider(view), _text(view, "take")], className="take"),
                    html.Div([_weight_slider(view), _text(view, "ranking")], className="weigh"),
                ],
                className="columns",
            ),
            _front_controls(view),
            _figure(view, "front"),
            html.Div(
                [
                    html.P(
                        "Every point is a file that was written, decoded and measured. Right is "
                        "smaller, down is more accurate; the shaded region is within what you are "
                        "willing to lose."
                    ),
                    html.P(
                        "Bytes of the file and the paper's accounting (weights alone, test data, "
                        "beside published results) are never mixed on one axis."
                    ),
                ],
                className="reading",
            ),
            _text(view, "front-rows"),
        ]
    )


def _cap_slider(view: View) -> Component:
    cap = round(100 * view.config.max_accuracy_loss, 3)
    high = max(4 * cap, 2.0)
    marks = {0: "0", cap: f"{cap:g}", high: f"{high:g}"}
    return html.Div(
        [
            html.Label("Points of validation accuracy that you are willing to lose", htmlFor="cap"),
            dcc.Slider(
                id="cap",
                min=0,
                max=high,
                step=0.05,
                value=cap,
                marks=marks,
                tooltip={"placement": "bottom", "always_visible": False},
                updatemode="mouseup",
            ),
        ],
        className="slider",
    )


def _weight_slider(view: View) -> Component:
    weight = view.config.accuracy_weight
    high = max(300.0, 3 * weight)
    return html.Div(
        [
            html.Label(
                "Weight of a unit of accuracy in the score, ln(rate) taking "
                f"{view.config.compression_weight:g}",
                htmlFor="weight",
            ),
            dcc.Slider(
                id="weight",
                min=0,
                max=high,
                step=5,
                value=weight,
                marks={0: "0", weight: f"{weight:g}", high: f"{high:g}"},
                updatemode="mouseup",
            ),
        ],
        className="slider",
    )


def _front_controls(view: View) -> Component:
    colours = [
        {"label": "where a trial stands", "value": STANDING},
        {"label": "its score", "value": SCORE},
        {"label": "the order of ending", "value": ORDER},
        *({"label": key, "value": key} for key in dimensions_of(view.snapshot)),
    ]
    accountings = [
        {"label": "bytes of the whole file", "value": Accounting.file.name},
        {"label": "the paper's accounting", "value": Accounting.paper.name},
    ]
    return html.Div(
        [
            html.Div(
                [
                    html.Label("Colours say", htmlFor="colour"),
                    dcc.Dropdown(id="colour", options=colours, value=STANDING, clearable=False),
                ]
            ),
            html.Div(
                [
                    html.Label("Rates are in"),
                    dcc.RadioItems(
                        id="accounting", options=accountings, value=Accounting.file.name
                    ),
                ]
            ),
        ],
        className="controls",
    )


def _key_choice(view: View) -> Component:
    keys = list(dimensions_of(view.snapshot))
    choice = dcc.Dropdown(id="slice-key", options=keys, value=view.key or None, clearable=False)
    label = html.Label("Hyperparameter", htmlFor="slice-key")
    return html.Div(html.Div([label, choice]), className="controls")


def _pick() -> Component:
    return html.Div(
        [
            html.Label("Trial number", htmlFor="pick"),
            dcc.Input(id="pick", type="number", min=0, step=1, debounce=True),
            html.Button("Clear the selection", id="clear", type="button"),
        ],
        className="pick",
    )


def _figure(view: View, name: str) -> Component:
    """A figure in its place; the script of the page says when that comes near the screen."""
    part = FIGURES[name]
    is_first = name == _FIRST
    figure = (
        part.draw(view)
        if is_first
        else sentence_figure(view.palette, "", title=part.title, height=part.height)
    )
    content, _, digest = view.context.drawn.update(figure, None)
    return html.Div(
        [
            graph(f"figure-{name}", figure, content),
            dcc.Store(id=f"had-{name}", data=digest),
            dcc.Store(id=f"seen-{name}", data=is_first),
        ],
        id=f"spot-{name}",
    )


def _text(view: View, name: str) -> Component:
    content = TEXTS[name].write(view)
    return html.Div(
        [
            html.Div(content, id=f"text-{name}"),
            dcc.Store(id=f"had-{name}", data=digest_of(content)),
        ]
    )


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
            found = _versions(context, context.watch.study(place_of(path).study))
        except SoftshareError:
            return no_update, no_update  # the frame says why
        return (
            no_update if found[0] == trials else found[0],
            no_update if found[1] == epochs else found[1],
        )


def _versions(context: Context, snapshot: StudySnapshot) -> tuple[str, str]:
    """Return what changes when trials end, and what changes while they run."""
    states = Counter(trial.state for trial in snapshot.trials)
    at_work = states.pop(TrialState.running, 0)
    measured = context.importances.of(snapshot, context.score_of(snapshot))
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
