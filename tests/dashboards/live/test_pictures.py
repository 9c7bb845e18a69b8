"""Pictures of the page, as the README shows them: taken by this test, each small enough to commit.

``PICTURES=FOLDER PICTURES_OF=sqlite:///FILE.db STUDY=NAME`` in the environment takes them of a
real study into a folder; without them the small study of these tests is looked at.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboards.live.conftest import Live, Open, Serve

MAX_BYTES = 150_000
TALL = {"width": 1080, "height": 1200}
WIDE = {"width": 1080, "height": 790}
NARROW = {"width": 390, "height": 860}

ALL_DRAWN = """() => {
    const figures = [...document.querySelectorAll('main .plot')];
    return figures.length > 0 && figures.every(
        figure => figure.querySelector('.js-plotly-plot .main-svg'));
}"""


def take(page: Page, size: dict[str, int], path: Path) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.wait_for_function(ALL_DRAWN)
    page.wait_for_timeout(500)  # figures follow the size of the window
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.screenshot(path=path)
    assert path.stat().st_size < MAX_BYTES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_pictures_are_taken_wide_and_narrow_light_and_dark(
    live: Live, visit: Open, serve: Serve, folder: Path
) -> None:
    url = os.environ.get("PICTURES_OF", f"sqlite:///{live.path}")
    address = serve(url)
    place = f"{address}/study/{os.environ.get('STUDY', 'study')}"
    page = visit(place)
    take(page, TALL, folder / "study.png")
    best = page.locator("#text-take a").first
    best.click()
    expect(page.locator("main")).to_contain_text("Where the bits go")
    page.evaluate("""() => [...document.querySelectorAll('h2')].find(
        title => title.textContent === 'Where the bits go').parentElement.scrollIntoView()""")
    take(page, WIDE, folder / "trial.png")
    page = visit(place, dark=True, narrow=True)
    take(page, NARROW, folder / "narrow.png")
