"""The page of a study, as it is opened; ``study_updates`` lets it follow the study.

Words and the front are there at once, of thousands of trials a share at first; every other figure
comes when its place is near the screen.
"""

from dash import dcc, html
from dash.development.base_component import Component

from dashboards.figures.style import sentence_figure
from dashboards.live.addresses import Place, compare_path
from dashboards.live.context import Context
from dashboards.live.drawn import digest_of
from dashboards.live.frame import Content, graph, section
from dashboards.live.study_controls import (
    cap_slider,
    front_controls,
    key_choice,
    trial_choice,
    weight_slider,
)
from dashboards.live.study_figures import FEW_DRAWN, FIGURES, front
from dashboards.live.study_texts import TEXTS
from dashboards.live.study_updates import EPOCHS, SELECTED, TRIALS, versions
from dashboards.live.view import View, first_view

_FIRST = "front"
"""The figure that is on the screen when the page opens."""


def page(context: Context, place: Place, theme: str) -> list[Content]:
    """The whole page of a study.

    Raises:
        SoftshareError: it cannot be read.
    """
    view = first_view(context, place.study, theme)
    trials, epochs = versions(context, view.snapshot)
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
            [html.H2("Selected trials"), trial_choice(), _text(view, "chosen")], className="chosen"
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
        section("Along one hyperparameter", key_choice(view), _figure(view, "along")),
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
                    html.Div([cap_slider(view), _text(view, "take")], className="take"),
                    html.Div([weight_slider(view), _text(view, "ranking")], className="weigh"),
                ],
                className="columns",
            ),
            front_controls(view),
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


def _figure(view: View, name: str) -> Component:
    """A figure in its place; the script of the page says when that comes near the screen."""
    part = FIGURES[name]
    is_first = name == _FIRST
    figure = (
        front(view, FEW_DRAWN)
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
