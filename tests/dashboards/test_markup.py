"""Escaping as a law: whatever goes in as text comes out of a parser as the same text."""

import json
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from dashboards.markup import Column, element, json_block, row, table, text

# A parser turns these into others on its own: NUL and carriage returns.
TEXTS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]))


class Read(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXTS, TEXTS)
def test_text_and_attributes_survive(content: str, attribute: str) -> None:
    page = Read(element("p", text(content), title=attribute))
    assert page.tags == ["p"]
    assert page.text == content
    assert page.attributes == [{"title": attribute}]


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_block_is_one_element_that_holds_its_content(content: object) -> None:
    page = Read(json_block("data", content))
    assert page.tags == ["script"]
    assert json.loads(page.text) == content
    assert "<" not in page.text


def test_attributes_without_value_are_left_out() -> None:
    assert element("p", hidden=True, class_=None, title="") == '<p hidden title=""></p>'


def test_table_marks_numbers_and_what_sorts() -> None:
    columns = (Column(title="a", is_number=False), Column(title="b", sort_key="b"))
    page = table(columns, [row(columns, [text("x"), text(1)])], caption="both")
    assert '<th class="number" scope="col"' not in page  # one order of attributes everywhere
    assert '<th scope="col" class="number"><button type="button" data-sort="b">b</button>' in page
    assert '<th scope="row">x</th><td class="number">1</td>' in page
    assert '<caption class="unseen">both</caption>' in page
