"""The reference page is what the code says today."""

from search.command_line.reference import all_groups
from search.command_line.reference_page import RENEWAL, page
from tests.docs.pages import ROOT


def test_the_reference_is_that_of_the_code() -> None:
    written = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    assert written == page(all_groups()), f"docs/reference.md is out of date; renew it: {RENEWAL}"
