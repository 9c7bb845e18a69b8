"""Pieces of HTML in which everything that comes from a database is escaped.

``Html`` is text that is markup already; any other string is text and becomes markup only by
``text``. What joins both takes ``Html`` alone, so that mypy finds a forgotten escape.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NewType

Html = NewType("Html", str)

NOTHING = Html("")


def text(content: object) -> Html:
    """Text as markup, safe between tags and inside a quoted attribute."""
    return Html(escape(str(content), quote=True))


def element(tag: str, *children: Html, **attributes: str | bool | None) -> Html:
    """An element with its children.

    Attribute names end in ``_`` where they are Python words and use ``_`` for ``-``; True stands
    for an attribute without a value, None and False leave it out. Values are escaped here.
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(value, quote=True)}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{tag}{written}>{''.join(children)}</{tag}>")


def join(pieces: Iterable[Html], separator: str = "") -> Html:
    """Pieces one after another; the separator is text."""
    return Html(escape(separator).join(pieces))


def json_block(identifier: str, content: object) -> Html:
    """Data for a script, in a block that no browser runs and that no string inside can close."""
    encoded = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    safe = encoded.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Html(
        f'<script type="application/json" id="{escape(identifier, quote=True)}">{safe}</script>'
    )


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        is_number: whether its cells are aligned on the right.
        sort_key: name of the rows' sort value, None for a column that does not sort.
        hint: what the heading means, where a word is not enough.
    """

    title: str
    is_number: bool = True
    sort_key: str | None = None
    hint: str | None = None


def table(
    columns: Sequence[Column], rows: Iterable[Html], *, caption: str, identifier: str | None = None
) -> Html:
    """A table that scrolls sideways on its own on narrow screens, by touch and by keyboard."""
    headings = [
        element(
            "th",
            element("button", text(column.title), type="button", data_sort=column.sort_key)
            if column.sort_key
            else text(column.title),
            scope="col",
            class_="number" if column.is_number else None,
            title=column.hint,
        )
        for column in columns
    ]
    body = element(
        "table",
        element("caption", text(caption), class_="unseen"),
        element("thead", element("tr", *headings)),
        element("tbody", *rows),
        id=identifier,
    )
    return element("div", body, class_="scroll", tabindex="0", role="region", aria_label=caption)


def row(columns: Sequence[Column], cells: Sequence[Html], **attributes: str | bool | None) -> Html:
    """A row of as many cells as there are columns; the first one names the row."""
    written = [
        element(
            "th" if index == 0 else "td",
            cell,
            scope="row" if index == 0 else None,
            class_="number" if column.is_number else None,
        )
        for index, (column, cell) in enumerate(zip(columns, cells, strict=True))
    ]
    return element("tr", *written, **attributes)
