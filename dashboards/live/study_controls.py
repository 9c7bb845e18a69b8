"""What a reader of a study's page sets: the loss and the weight, what colours say, which trial."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboards.figures import Accounting, dimensions_of
from dashboards.figures.colouring import ORDER, SCORE
from dashboards.live.view import STANDING, View


def cap_slider(view: View) -> Component:
    """How much accuracy one is willing to lose, in points."""
    cap = round(100 * view.config.max_accuracy_loss, 3)
    label = "Points of validation accuracy that you are willing to lose"
    tooltip = {"placement": "bottom", "always_visible": False}
    return _slider("cap", label, cap, high=max(4 * cap, 2.0), step=0.05, tooltip=tooltip)


def weight_slider(view: View) -> Component:
    """What a unit of accuracy weighs in the score."""
    weight = view.config.accuracy_weight
    label = (
        "Weight of a unit of accuracy in the score, ln(rate) taking "
        f"{view.config.compression_weight:g}"
    )
    return _slider("weight", label, weight, high=max(300.0, 3 * weight), step=5)


def _slider(
    name: str, label: str, value: float, high: float, step: float, **more: Any
) -> Component:
    """A slider from zero, marked at its ends and at the value that it begins with."""
    slider = dcc.Slider(
        id=name,
        min=0,
        max=high,
        step=step,
        value=value,
        marks={0: "0", value: f"{value:g}", high: f"{high:g}"},
        updatemode="mouseup",
        **more,
    )
    return html.Div([html.Label(label, htmlFor=name), slider], className="slider")


def front_controls(view: View) -> Component:
    """What the colours of the front say, and which bytes its rates count."""
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


def key_choice(view: View) -> Component:
    """The hyperparameter that trials are drawn along."""
    keys = list(dimensions_of(view.snapshot))
    choice = dcc.Dropdown(id="slice-key", options=keys, value=view.key or None, clearable=False)
    label = html.Label("Hyperparameter", htmlFor="slice-key")
    return html.Div(html.Div([label, choice]), className="controls")


def trial_choice() -> Component:
    """A trial by its number, for who cannot click on it."""
    return html.Div(
        [
            html.Label("Trial number", htmlFor="pick"),
            dcc.Input(id="pick", type="number", min=0, step=1, debounce=True),
            html.Button("Clear the selection", id="clear", type="button"),
        ],
        className="pick",
    )
