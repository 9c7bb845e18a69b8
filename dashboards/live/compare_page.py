"""The page that holds several studies against each other, on one front in one accounting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, dcc, html, no_update

from core.errors import SoftshareError
from dashboards import formats
from dashboards.figures import Accounting, comparison_data, draw_comparison
from dashboards.live.addresses import Place, compare_path, study_path, trial_path
from dashboards.live.context import Context, palette_of
from dashboards.live.drawn import digest_of
from dashboards.live.frame import PLACE, TICK, Content, graph, heading, section
from dashboards.points import best_of, objectives_of, points_of
from search.conversion import leaves, show
from search.hypervolume import hypervolume
from search.records import StudySnapshot
from search.scoring import ScoreConfig

_CHOICE = "compared"
_FIGURE = "figure-comparison"
_HAD = "had-comparison"
_TABLE = "comparison-table"
_HAD_TABLE = "had-comparison-table"
_ACCOUNTING = "comparison-accounting"
_SHOWN = "shown-studies"
_MOST = 8
"""More fronts than these nobody tells apart."""

_MOST_DIFFERENCES = 12


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """The studies that could be read, and why the others could not."""

    studies: tuple[tuple[StudySnapshot, ScoreConfig], ...]
    errors: tuple[str, ...]


def page(context: Context, place: Place, theme: str) -> list[Content]:
    """The whole page.

    Raises:
        SoftshareError: the database cannot be read.
    """
    names = context.watch.names()
    chosen = place.studies or names[:2]
    compared = _read(context, chosen)
    figure = _draw(compared, Accounting.file, theme)
    content, _, digest = context.drawn.update(figure, None)
    rows = _rows(compared)
    return [
        heading("softshare", "Compare studies", []),
        html.Section(
            [
                html.Div(
                    [
                        html.Div(
                            [
                                html.Label("Studies", htmlFor=_CHOICE),
                                dcc.Dropdown(
                                    id=_CHOICE,
                                    options=list(dict.fromkeys([*names, *chosen])),
                                    value=list(chosen[:_MOST]),
                                    multi=True,
                                ),
                            ]
                        ),
                        html.Div(
                            [
                                html.Label("Rates are in"),
                                dcc.RadioItems(
                                    id=_ACCOUNTING,
                                    options=[
                                        {
                                            "label": "bytes of the whole file",
                                            "value": Accounting.file.name,
                                        },
                                        {
                                            "label": "the paper's accounting",
                                            "value": Accounting.paper.name,
                                        },
                                    ],
                                    value=Accounting.file.name,
                                ),
                            ]
                        ),
                    ],
                    className="controls",
                ),
                graph(_FIGURE, figure, content),
                dcc.Store(id=_HAD, data=digest),
                dcc.Store(id=_SHOWN, data=list(chosen[:_MOST])),
                html.Div(
                    [
                        html.P(
                            "Each front is of the trials within its study's own cap. The band is "
                            "what the best to all of the studies attain, the dashed line what half "
                            "of them do: over studies that differ in their seed alone it says what "
                            "is chance."
                        ),
                    ],
                    className="reading",
                ),
            ]
        ),
        html.Div(rows, id=_TABLE),
        dcc.Store(id=_HAD_TABLE, data=digest_of(rows)),
    ]


def add_callbacks(app: Dash, context: Context) -> None:
    """Let the page follow its choice and the database."""

    @app.callback(
        Output(PLACE, "search"),
        Input(_CHOICE, "value"),
        State(_SHOWN, "data"),
        State(PLACE, "search"),
        prevent_initial_call=True,
    )
    def choose(names: list[str] | None, shown: list[str], search: str) -> Any:
        if names == shown:  # the page has just opened
            return no_update
        path = compare_path(tuple(names or ())[:_MOST])
        wanted = path.partition("?")[2]
        return no_update if wanted == search.removeprefix("?") else f"?{wanted}"

    @app.callback(
        Output(_FIGURE, "figure"),
        Output(_FIGURE, "style"),
        Output(_HAD, "data"),
        Output(_TABLE, "children"),
        Output(_HAD_TABLE, "data"),
        Input(TICK, "data"),
        Input(_ACCOUNTING, "value"),
        State(_CHOICE, "value"),
        State("theme", "data"),
        State(_HAD, "data"),
        State(_HAD_TABLE, "data"),
        prevent_initial_call=True,
    )
    def look(
        _clock: str | None,
        accounting: str,
        names: list[str] | None,
        theme: str,
        had: str,
        had_table: str,
    ) -> Any:
        compared = _read(context, names or ())
        by_paper = accounting == Accounting.paper.name
        drawn = _draw(compared, Accounting.paper if by_paper else Accounting.file, theme)
        rows = _rows(compared)
        told = digest_of(rows)
        table = (no_update, no_update) if told == had_table else (rows, told)
        return *context.drawn.update(drawn, had), *table


def _read(context: Context, names: Sequence[str]) -> _Compared:
    studies, errors = [], []
    for name in names[:_MOST]:
        try:
            snapshot = context.watch.study(name)
            studies.append((snapshot, context.score_of(snapshot)))
        except SoftshareError as error:
            errors.append(str(error))
    return _Compared(studies=tuple(studies), errors=tuple(errors))


def _draw(compared: _Compared, accounting: Accounting, theme: str) -> go.Figure:
    return draw_comparison(comparison_data(compared.studies, accounting), palette_of(theme))


def _rows(compared: _Compared) -> list[Content]:
    """The studies side by side, and what is different between them."""
    heads = ("study", "finished", "best file", "rate", "lost", "hypervolume", "computing")
    body = []
    for snapshot, config in compared.studies:
        points = points_of(snapshot, config)
        best = best_of(points)
        name = snapshot.study.name
        spent = sum(trial.seconds or 0 for trial in snapshot.trials if trial.inherited_from is None)
        cells = (
            f"{snapshot.num_finished} of {snapshot.study.num_trials}",
            formats.MISSING
            if best is None
            else dcc.Link(formats.num_bytes(best.file_bytes), href=trial_path(name, best.trial)),
            formats.rate(best.compression_rate if best else None),
            formats.points(best.accuracy_loss if best else None),
            f"{hypervolume(map(objectives_of, points), config.max_accuracy_loss):.2f}",
            formats.duration(spent),
        )
        body.append(
            html.Tr(
                [
                    html.Th(dcc.Link(name, href=study_path(name)), scope="row"),
                    *(html.Td(cell, className="number") for cell in cells),
                ]
            )
        )
    table = html.Table(
        [
            html.Caption("The studies", className="unseen"),
            html.Thead(
                html.Tr(
                    [
                        html.Th(head, scope="col", className="number" if place else None)
                        for place, head in enumerate(heads)
                    ]
                )
            ),
            html.Tbody(body),
        ]
    )
    return [
        section("Side by side", html.Div(table, className="scroll", tabIndex="0")),
        section("What is different", *_differences(compared)),
    ]


def _differences(compared: _Compared) -> list[Content]:
    said: list[Content] = [html.P(error) for error in compared.errors]
    if len(compared.studies) < 2:
        return [*said, html.P("Choose two studies or more.", className="nothing")]
    (first, _), *others = compared.studies
    for other, _ in others:
        ours, theirs = first.study.reference, other.study.reference
        if not theirs.is_of(ours):
            said.append(
                html.P(
                    f"{other.study.name} compresses another reference network than "
                    f"{first.study.name}: losses are each against their own."
                )
            )
        elif not theirs.has_student_of(ours):
            said.append(
                html.P(f"{other.study.name} and {first.study.name} have not the same student.")
            )
        lines = _differing(first, other)
        shown = [html.Li(line) for line in lines[:_MOST_DIFFERENCES]]
        more = len(lines) - len(shown)
        said.append(html.P(f"{other.study.name} against {first.study.name}:"))
        said.append(
            html.Ul(shown) if shown else html.P("The same configuration.", className="nothing")
        )
        if more > 0:
            said.append(html.P(f"and {more} more", className="nothing"))
    return said


def _differing(one: StudySnapshot, other: StudySnapshot) -> list[str]:
    """Return a line for each key that two studies were given different values of."""
    here, there = dict(leaves(one.study.config)), dict(leaves(other.study.config))
    return [
        f"{key}: {show(there.get(key))}, not {show(here.get(key))}"
        for key in dict.fromkeys([*here, *there])
        if here.get(key) != there.get(key)
    ]
