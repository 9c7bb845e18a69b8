"""The page of a study, as it is opened; ``study_updates`` lets it follow the study.

Words and the front are there at once, of thousands of trials a share at first; every other figure
comes when its place is near the screen.
"""

from collections.abc import Mapping

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
from dashboards.live.study_updates import HAD, SEEN, SELECTED, Had
from dashboards.live.view import View, first_view

_FIRST = "front"
"""The figure that is on the screen when the page opens."""

_NOT_ASKED = ""
"""The key of what the page opens with: it is looked at once more when the clock first tells."""


def page(context: Context, place: Place, theme: str) -> list[Content]:
    """The whole page of a study.

    Raises:
        SoftshareError: it cannot be read.
    """
    view = first_view(context, place.study, theme)
    had: Had = {}
    figures = {name: _figure(view, name, had) for name in FIGURES}
    texts = {name: _text(view, name, had) for name in TEXTS}
    return [
        dcc.Store(id=SELECTED, data=[]),
        dcc.Store(id=SEEN, data=[_FIRST]),
        dcc.Store(id=HAD, data=had),
        html.Header(
            [
                html.P("softshare study", className="eyebrow"),
                html.H1(place.study),
                texts["facts"],
                html.P(dcc.Link("Compare it with others", href=compare_path((place.study,)))),
            ]
        ),
        _front_section(view, figures, texts),
        html.Section(
            [html.H2("Selected trials"), trial_choice(), texts["chosen"]], className="chosen"
        ),
        section(
            "Course of the search",
            figures["history"],
            figures["compute"],
        ),
        section(
            "Learning curves",
            figures["curves"],
            reading=[
                "The running trials, the last that ended and those you selected; a cross is where "
                "one was stopped.",
                "Until a trial's last phase its weights are not snapped to a codebook: losses are "
                "of the network as it stands, rates are estimates.",
            ],
        ),
        section("Along one hyperparameter", key_choice(view), figures["along"]),
        section(
            "All hyperparameters at once",
            figures["parallel"],
            reading=[
                "A line is a trial, from its hyperparameters to what it came to; the front, your "
                "selection and the best of the others by score."
            ],
        ),
        section(
            "Which hyperparameters matter",
            figures["importance"],
            reading=[
                "PED-ANOVA's importances: how differently the best trials are spread along a "
                "hyperparameter than all. A dotted line is the most that shuffled results gave."
            ],
        ),
        section(
            "Workers and trials",
            figures["timeline"],
            texts["running"],
            texts["failures"],
        ),
    ]  # fmt: skip


def _front_section(
    view: View, figures: Mapping[str, Component], texts: Mapping[str, Component]
) -> Component:
    return html.Section(
        [
            html.H2("Which file to take"),
            html.Div(
                [
                    html.Div([cap_slider(view), texts["take"]], className="take"),
                    html.Div([weight_slider(view), texts["ranking"]], className="weigh"),
                ],
                className="columns",
            ),
            front_controls(view),
            figures["front"],
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
            texts["front-rows"],
        ]
    )


def _figure(view: View, name: str, had: Had) -> Component:
    """A figure in its place; the script of the page says when that comes near the screen."""
    part = FIGURES[name]
    figure = (
        front(view, FEW_DRAWN)
        if name == _FIRST
        else sentence_figure(view.palette, "", title=part.title, height=part.height)
    )
    content, _, digest = view.context.drawn.update(figure, None)
    had[name] = [_NOT_ASKED, digest]
    return html.Div(graph(f"figure-{name}", figure, content), id=f"spot-{name}")


def _text(view: View, name: str, had: Had) -> Component:
    content = TEXTS[name].write(view)
    had[name] = [_NOT_ASKED, digest_of(content)]
    return html.Div(content, id=f"text-{name}")
