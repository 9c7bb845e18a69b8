"""Every link within the repository leads somewhere, and the map of the documentation is whole."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, name_of


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in links(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        there = target.exists() and target.is_relative_to(ROOT)
        if not there or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_map_leads_to_every_page_and_the_readme_to_the_map() -> None:
    index = ROOT / "docs/README.md"
    mapped = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert [name_of(page) for page in PAGES if page not in mapped and page != index] == []
    assert "docs/README.md" in links(ROOT / "README.md")
