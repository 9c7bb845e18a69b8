"""What every page of the live dashboard stands in: navigation, state of the database, notices."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.live.addresses import COMPARE, STUDIES
from dashboards.live.components import components
from dashboards.live.drawn import style_of
from dashboards.markup import Html, element, text

TICK = "tick"
TROUBLE = "trouble"
FAILED = "failed"
PAGE = "page"
PLACE = "place"
THEME = "theme"

Content = Component | str

_GRAPH_OPTIONS: Any = {
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["autoScale2d", "zoomIn2d", "zoomOut2d"],
    "toImageButtonOptions": {"format": "svg"},
}


def frame() -> Component:
    """The frame, into whose middle the pages are put; its clock is set by the page's script."""
    return html.Div(
        [
            dcc.Location(id=PLACE),
            dcc.Store(id=THEME),
            dcc.Store(id=FAILED, data=False),
            dcc.Store(id=TICK),
            html.A("Skip to the page", className="skip", href=f"#{PAGE}"),
            html.Nav(
                [
                    dcc.Link("softshare", href=STUDIES, className="brand"),
                    dcc.Link("Studies", href=STUDIES),
                    dcc.Link("Compare", href=COMPARE),
                ],
                **labelled("Pages"),
            ),
            html.Div(id=TROUBLE, role="status", className="trouble"),
            html.Main(id=PAGE, tabIndex="-1"),
        ]
    )


def labelled(name: str) -> dict[str, Any]:
    """What names a component to a screen reader; Dash takes it as a keyword with a dash."""
    return {"aria-label": name}


def section(title: str, *content: Content, reading: Sequence[str] = ()) -> Component:
    """A section with how to read it."""
    notes = [html.Div([html.P(line) for line in reading], className="reading")] if reading else []
    return html.Section([html.H2(title), *content, *notes])


def marked(*pieces: Html) -> list[Content]:
    """Markup of the report as components."""
    return [part for piece in pieces for part in components(piece)]


def notice(title: str, said: str, href: str, link: str) -> list[Content]:
    """A page that says why there is nothing else, and where to go."""
    return [
        html.Section(
            [html.H1(title), html.P(said), html.P(dcc.Link(link, href=href))], className="notice"
        )
    ]


def heading(eyebrow: str, title: str, facts: Sequence[str]) -> Component:
    """The top of a page."""
    return html.Header(
        [
            html.P(eyebrow, className="eyebrow"),
            html.H1(title),
            html.Ul([html.Li(fact) for fact in facts], className="facts"),
        ]
    )


def graph(identifier: str, figure: go.Figure, content: object = None) -> Component:
    """A figure in its place.

    Args:
        identifier: of the graph.
        figure: what is drawn.
        content: the same as plotly's JSON, where that is known.
    """
    return html.Div(
        dcc.Graph(
            id=identifier,
            figure=figure if content is None else content,
            config=_GRAPH_OPTIONS,
            style=style_of(figure),
            responsive=True,
        ),
        className="plot",
        role="figure",
        **labelled(figure.layout.meta["title"]),
    )


def commands(lines: Sequence[tuple[str, str]]) -> list[Content]:
    """What to type, each with its purpose."""
    items = (
        part
        for what, command in lines
        for part in (element("dt", text(what)), element("dd", element("code", text(command))))
    )
    return components(element("dl", *items, class_="commands"))
