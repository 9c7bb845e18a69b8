"""The live page in a real browser, by what a person does with it."""

import re
from pathlib import Path

import safetensors.numpy
from playwright.sync_api import Page, expect
from sqlalchemy import update

from core.codec import decode
from search.schema import StudyTable
from search.storage import StorageConfig, open_storage
from tests.dashboards.live.conftest import HOSTILE, Live, Open, Serve, begin, outcome_of
from tests.data_sets import small_outcome
from tests.search.studies import run_one, small_study

NUM_DRAWN = """() => (document.querySelector('#figure-front .js-plotly-plot')?.data ?? [])
    .filter(trace => trace.customdata && trace.name !== 'smallest file within the cap')
    .reduce((sum, trace) => sum + trace.x.length, 0)"""
ALL_DARK = """() => {
    const figures = [...document.querySelectorAll('main .plot')];
    return figures.length > 0 && figures.every(figure =>
        figure.querySelector('.js-plotly-plot')?.layout?.paper_bgcolor === '#181e23');
}"""
RANGE = "() => document.querySelector('#figure-front .js-plotly-plot').layout.xaxis.range"


RESTS = """selector => {
    const box = document.querySelector(selector)?.getBoundingClientRect();
    const place = box && `${box.x} ${box.y}`;
    const rested = window.rested?.place === place ? window.rested : { place, since: Date.now() };
    window.rested = rested;
    return place !== undefined && Date.now() - rested.since > 500;
}"""


def click_at_rest(page: Page, selector: str) -> None:
    """Click on the first of what may still be moved by what is drawn above it."""
    page.wait_for_function(RESTS, arg=selector)
    page.locator(selector).first.click(force=True)


def wait_for_trials(page: Page, number: int) -> None:
    page.wait_for_function(f"() => ({NUM_DRAWN})() === {number}")


def test_studies_are_listed_with_what_they_have_come_to(live: Live, visit: Open) -> None:
    page = visit(live.address)
    card = page.locator("section.study")
    expect(card).to_contain_text("4 of 9 trials")
    expect(card).to_contain_text("1,000 B")
    expect(card).to_contain_text("2 of 2 within the cap")
    expect(card).to_contain_text("0 alive")
    expect(card).to_contain_text("1 stopped, 1 failed")
    live.add(0.3)
    expect(card).to_contain_text("5 of 9 trials")
    card.get_by_role("link", name="study", exact=True).click()
    expect(page.locator("h1")).to_have_text("study")
    expect(page).to_have_url(f"{live.address}/study/study")


def test_a_trial_arrives_and_zoom_and_selection_stay(live: Live, visit: Open) -> None:
    page = visit(f"{live.address}/study/study")
    wait_for_trials(page, 2)
    page.get_by_label("Trial number").fill("1")
    page.get_by_label("Trial number").press("Enter")
    expect(page.get_by_role("table", name="Selected trials")).to_contain_text("trial 1")
    box = page.locator("#figure-front .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.9 * box["height"], steps=4)
    page.mouse.up()
    page.wait_for_timeout(400)  # a zoom is drawn
    zoomed = page.evaluate(RANGE)
    page.evaluate("() => { window.marked = document.querySelector('#figure-front svg'); }")
    live.add(0.1, b"x" * 1200)
    expect(page.locator("header .facts")).to_contain_text("5 of 9 trials finished")
    wait_for_trials(page, 4)  # the selection is drawn, too
    assert page.evaluate(RANGE) == zoomed
    # The picture was changed, not made anew.
    assert page.evaluate("() => window.marked.isConnected")
    expect(page.get_by_role("table", name="Selected trials")).to_contain_text("trial 1")


def test_the_slider_names_the_file_to_take(live: Live, visit: Open) -> None:
    page = visit(f"{live.address}/study/study")
    take = page.locator("#text-take")
    expect(take).to_contain_text("1,000 B")
    expect(take).to_contain_text("trial=1 to=best.sws")
    slider = page.locator(".take").get_by_role("slider")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowLeft")
    expect(take).to_contain_text("Trial 0")
    slider.press("Home")
    expect(take).to_contain_text("No file loses as little as 0.00 points")


def test_scores_are_weighed_anew(live: Live, visit: Open) -> None:
    page = visit(f"{live.address}/study/study")
    first = page.locator("#text-ranking tbody th").first
    expect(first).to_have_text("trial 1")  # the smaller file
    slider = page.locator(".weigh").get_by_role("slider")
    slider.focus()
    slider.press("End")
    slider.press("End")
    weighed = page.locator("#text-ranking tbody td").first
    expect(weighed).not_to_have_text("6.57")


def test_the_paper_s_accounting_is_another_axis(live: Live, visit: Open) -> None:
    page = visit(f"{live.address}/study/study")
    figure = page.locator("#figure-front")
    expect(figure).to_contain_text("bytes of the whole file")
    expect(figure).not_to_contain_text("published")
    page.get_by_label("the paper's accounting").check()
    expect(figure).to_contain_text("published by others")
    expect(figure).not_to_contain_text("bytes of the whole file")


def test_a_point_leads_to_its_trial_and_its_file(live: Live, visit: Open, tmp_path: Path) -> None:
    page = visit(f"{live.address}/study/study")
    wait_for_trials(page, 2)
    page.evaluate("() => document.querySelector('#spot-history').scrollIntoView()")
    click_at_rest(page, "#figure-history .scatterlayer .point")
    chosen = page.get_by_role("table", name="Selected trials")
    expect(chosen).to_contain_text("trial 0")
    chosen.get_by_role("link", name="trial 0").click()
    expect(page.locator("h1")).to_have_text("Trial 0")
    for heading in ("Where the bits go", "Figure 1)", "Figure 3)", "Figure 8)", "Learning curve"):
        expect(page.locator("main")).to_contain_text(heading)
    expect(page.locator("code").last).to_contain_text("softshare compress model=lenet_300_100")
    for link, suffix in (
        ("Download .sws", "sws"),
        ("Download decoded .safetensors", "safetensors"),
    ):
        with page.expect_download() as loading:
            page.get_by_role("link", name=link, exact=True).click()
        assert loading.value.suggested_filename == f"study-trial-0.{suffix}"
        loading.value.save_as(tmp_path / f"file.{suffix}")
    content = (tmp_path / "file.sws").read_bytes()
    assert content == small_outcome().file
    arrays = safetensors.numpy.load((tmp_path / "file.safetensors").read_bytes())
    assert {name: array.tolist() for name, array in arrays.items()} == {
        name: array.tolist() for name, array in decode(content).arrays().items()
    }


def test_a_narrow_dark_screen_is_served_as_well(live: Live, visit: Open) -> None:
    for path in ("", "/study/study", "/study/study/trial/0", "/compare"):
        page = visit(f"{live.address}{path}", dark=True, narrow=True)
        expect(page.locator("body")).to_have_css("background-color", "rgb(17, 22, 26)")
        if path:
            page.wait_for_function(ALL_DARK)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path


def test_addresses_that_lead_nowhere_say_so(live: Live, visit: Open) -> None:
    said = {
        "/study/study/trial/99": "has no trial 99; its trials are 0 to 3",
        "/study/study/trial/nonsense": "has no trial -1",
        "/study/lost": "but got lost; the studies there are study",
        "/elsewhere": "There is no such page",
    }
    for path, words in said.items():
        expect(visit(f"{live.address}{path}").locator("main")).to_contain_text(words)


def test_names_out_of_a_database_are_text(tmp_path: Path, visit: Open, serve: Serve) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    storage = open_storage(StorageConfig(url=url))
    begin(storage, name=HOSTILE.replace("/", ""))
    address = serve(url)
    page = visit(address)
    page.locator("section.study").get_by_role("link", name=HOSTILE).first.click()
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.get_by_role("table", name="Trials without a file")).to_contain_text(HOSTILE)
    wait_for_trials(page, 2)
    page.get_by_role("link", name="Compare it with others").click()
    expect(page.locator("h1")).to_have_text("Compare studies")
    expect(page.locator("main")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    storage.close()


def test_a_database_that_goes_away_is_told_and_comes_back(live: Live, visit: Open) -> None:
    page = visit(f"{live.address}/study/study")
    wait_for_trials(page, 2)
    live.study.storage.close()
    away = live.path.with_suffix(".away")
    live.path.rename(away)
    trouble = page.get_by_role("status")
    expect(trouble).to_contain_text("it cannot be opened")
    expect(trouble).to_contain_text("Shown is what was read at")
    expect(page.locator("#text-take")).to_contain_text("1,000 B")  # it still shows what it knows
    away.rename(live.path)
    expect(trouble).to_have_text("")
    live.add(0.3, b"x" * 990)
    expect(page.locator("#text-take")).to_contain_text("990 B")


def test_what_cannot_be_shown_yet_is_told(tmp_path: Path, visit: Open, serve: Serve) -> None:
    path = tmp_path / "studies.db"
    url = f"sqlite:///{path}"
    storage = open_storage(StorageConfig(url=url))
    address = serve(url)
    page = visit(address)
    expect(page.locator("main")).to_contain_text("There are no studies in this database yet")
    study = small_study(storage, {"study.name": "strict"}, num_trials=1)
    small_study(storage, {"study.name": "later"})
    with storage.write() as connection:
        later = update(StudyTable).where(StudyTable.name == "later")
        connection.execute(later.values(config={"score": {"karma": 1.0}}))
    expect(page.locator("section.study", has_text="strict")).to_contain_text("0 of 1 trials")
    expect(page.locator("section.study", has_text="later")).to_contain_text("another version")
    page.get_by_role("link", name="strict").click()
    expect(page.locator("#text-take")).to_contain_text("No trial has finished yet.")
    run_one(study, lambda *_: outcome_of(3.0))
    expect(page.locator("#text-take")).to_contain_text(
        "No file loses as little as +0.50 points. The nearest, trial 0, loses +3.00"
    )
    page.goto(f"{address}/study/later")
    expect(page.locator("main")).to_contain_text("another version of softshare")
    page.goto(f"{address}/compare?study=strict&study=later")
    expect(page.locator("#comparison-table")).to_contain_text("another version of softshare")
    storage.close()


def test_a_page_that_could_not_be_opened_opens_by_itself(live: Live, visit: Open) -> None:
    live.study.storage.close()
    away = live.path.with_suffix(".away")
    live.path.rename(away)
    page = visit(f"{live.address}/study/study")
    expect(page.locator("h1")).to_have_text("Study study cannot be shown")
    expect(page.get_by_role("status")).to_contain_text("goes on by itself")
    away.rename(live.path)
    expect(page.locator("#text-take")).to_contain_text("1,000 B")
    expect(page.get_by_role("status")).to_have_text("")


def test_studies_are_compared_on_one_front(live: Live, visit: Open) -> None:
    begin(live.study.storage, name="other")
    page = visit(f"{live.address}/compare?study=study&study=other")
    figure = page.locator("#comparison-table")
    expect(figure).to_contain_text("The same configuration.")
    legend = page.locator("#figure-comparison .legend")
    for name in ("study", "other", "median attainment"):
        expect(legend).to_contain_text(name)


def test_a_token_is_asked_for_once(live: Live, visit: Open, serve: Serve) -> None:
    url = f"sqlite:///{live.path}"
    address = serve(url, token="correct horse")
    page = visit(address)
    for token, said in (("wrong", "That is not the token."), ("correct horse", "Studies")):
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Open").click()
        expect(page.locator("body")).to_contain_text(said)
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert not re.search("correct|horse", cookie["value"])
