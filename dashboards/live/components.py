"""The report's markup as Dash components, so that the page and the report share their sections.

Dash hands its components to React, which escapes every text again on its own: nothing out of a
database is ever read as markup here, for only ``dashboards.markup`` writes any.
"""

from html.parser import HTMLParser
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboards.markup import Html

_NAMES = {
    "class": "className",
    "colspan": "colSpan",
    "rowspan": "rowSpan",
    "tabindex": "tabIndex",
    "for": "htmlFor",
}


def components(markup: Html) -> list[Component | str]:
    """Return markup as components; sort buttons of tables become plain headings."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    (root,) = reader.open
    return root


class _Reader(HTMLParser):
    """Builds components from the inside out; ``markup.element`` closes whatever it opens."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[list[Component | str]] = [[]]
        self._elements: list[tuple[str, dict[str, Any]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._elements.append((tag, dict(attrs)))
        self.open.append([])

    def handle_endtag(self, tag: str) -> None:
        children = self.open.pop()
        opened, attributes = self._elements.pop()
        assert opened == tag
        self.open[-1].append(_component(tag, attributes, children))

    def handle_data(self, data: str) -> None:
        self.open[-1].append(data)


def _component(
    tag: str, attributes: dict[str, Any], children: list[Component | str]
) -> Component | str:
    if tag == "button":  # it sorts the report's tables, by the report's script
        return html.Span(children)
    given = {
        _NAMES.get(name, name): value
        for name, value in attributes.items()
        if not name.startswith("data-")
    }
    if "style" in given:
        given["style"] = dict(
            part.strip().split(":", 1) for part in given["style"].split(";") if part.strip()
        )
    component: Component = getattr(html, tag.capitalize())(children, **given)
    return component
