"""What wakes a page, and that nothing else does."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Request, expect

from dashboards.live.addresses import Place
from dashboards.live.app import make_app
from dashboards.live.clock import state_of
from search.serving import DashboardConfig, DashboardSource
from search.storage import StorageConfig, open_storage
from tests.dashboards.live.conftest import (
    REFRESH_SECONDS,
    Live,
    Open,
    begin,
    outcome_of,
    serving,
)
from tests.search.studies import run_one

PLACES = (
    Place(page="studies"),
    Place(page="study", study="study"),
    Place(page="trial", study="study", trial=0),
    Place(page="compare"),
    Place(page="compare", studies=("study", "lost")),
)


def source_of(path: Path) -> DashboardSource:
    return DashboardSource(
        storage=StorageConfig(url=f"sqlite:///{path}"),
        dashboard=DashboardConfig(port=0),
        command=lambda *_: None,
        announce=lambda _: None,
    )


def test_the_clock_of_every_page_changes_when_a_trial_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    storage = open_storage(StorageConfig(url=f"sqlite:///{path}"))
    study = begin(storage)
    app, context = make_app(source_of(path))
    context.watch.seconds = 0.0  # nothing is old enough to be told again
    client = app.server.test_client()

    def asked() -> list[str]:
        query = [{"path": "/"}, {"path": "/study/study"}, {"path": "/compare"}]
        told = [client.get("/clock", query_string=one).get_json() for one in query]
        assert all(one["trouble"] == "" for one in told)
        return [one["state"] for one in told] + [state_of(context, place) for place in PLACES]

    before = asked()
    assert asked() == before
    run_one(study, lambda *_: outcome_of(0.3))
    after = asked()
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert asked() == after
    storage.close()
    context.watch.close()


def test_the_clock_tells_what_is_wrong_with_the_database(tmp_path: Path) -> None:
    app, context = make_app(source_of(tmp_path / "nowhere.db"))
    told = app.server.test_client().get("/clock", query_string={"path": "/study/lost"}).get_json()
    assert "nowhere.db" in told["trouble"]
    context.watch.close()


def test_a_page_at_rest_asks_the_clock_and_nothing_else(live: Live, visit: Open) -> None:
    page = visit(f"{live.address}/study/study")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url.removeprefix(live.address).partition("?")[0])

    page.on("request", note)
    for _ in range(20):  # until it has looked once more at all that it opened with
        asked.clear()
        page.wait_for_timeout(8000 * REFRESH_SECONDS)
        if set(asked) == {"/clock"}:
            break
    assert set(asked) == {"/clock"}
    asked.clear()
    live.add(0.3)
    expect(page.locator("header .facts")).to_contain_text("5 of 9 trials finished")
    assert "/_dash-update-component" in asked


def test_a_server_that_is_gone_is_told_and_found_again(
    live: Live, chromium: BrowserContext
) -> None:
    url = f"sqlite:///{live.path}"
    page = chromium.new_page()  # one whose console may say that nobody answers
    with serving(url) as address:
        page.goto(f"{address}/study/study")
        page.wait_for_selector("main h1")
        away = page.locator("#away")
        expect(away).to_be_hidden()
    expect(away).to_be_visible()
    expect(page.locator("h1")).to_have_text("study")
    page.close()
