"""What the live page costs with many trials: time to see it, an update, memory, and its workers.

``python -m benchmarks.dashboard [TRIALS [UPDATES [ROUNDS]]]``, by default 10,000, 1,000 and 6;
needs the development packages and Chromium. One PostgreSQL, one run; the page is served from a
process of its own and shown in a real browser, without a screen.

- queries: statements a refresh sends to the database, for 100, 1,000 and so many trials;
- first view: seconds from opening a study until its front is drawn, by a server that has just
  started and a browser without a cache that nobody looks into (``benchmarks.reader``), then by
  others of the same server; by a browser that is driven from outside; and by a link from the list
  of studies, in such a browser;
- update: a trial ends; how long the server is at work until the page shows it, and the bytes sent;
- memory: of the server over so many updates;
- workers: four workers at trials of a second, with the page open and without in turn; they wait
  rather than compute, as if each had a machine of its own: what is compared is the service.
"""

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as BrowserPage
from sqlalchemy import insert, select

from benchmarks.bulk_trials import add_at_once
from benchmarks.measured_page import PROCESSES, Page, Refresh, served_page
from benchmarks.reader import NUM_DRAWN, read
from benchmarks.record import write_result
from benchmarks.simulated_trials import NUM_EPOCHS, finished_trials
from benchmarks.watched_workers import slowdown
from dashboards.browser import browser_command
from search.configuration import compose
from search.schema import EpochTable, StudyTable
from search.serving import DashboardConfig
from search.storage import Storage, StorageConfig, open_storage
from search.study import open_study
from tests.data_sets import small_reference
from tests.postgres import PostgresServer, running_server

_FINISHED = "text => document.querySelector('header .facts')?.textContent.includes(text)"


class Filled:
    """A study of finished trials that more are added to.

    Attributes:
        name: of the study.
        url: of its database.
    """

    def __init__(self, storage: Storage, url: str, num_trials: int, more: int) -> None:
        self.name, self.url = f"of-{num_trials}", url
        words = [f"study.name={self.name}", "study.settings=[]"]
        config = compose([*words, f"study.num_trials={num_trials + more}"])
        self._study = open_study(storage, config, small_reference()).optuna_study
        self._more = iter(finished_trials(more, first=num_trials))
        self.num_trials = num_trials
        trials = finished_trials(num_trials)
        add_at_once(storage, self._study, trials)
        with storage.write() as connection:
            query = select(StudyTable.id).where(StudyTable.name == self.name)
            study_id = connection.execute(query).scalar_one()
            for start in range(0, num_trials, 500):
                numbers = range(start, min(start + 500, num_trials))
                connection.execute(insert(EpochTable), list(_epochs(study_id, trials, numbers)))

    def add(self) -> None:
        """Let one more trial end."""
        self._study.add_trial(next(self._more))
        self.num_trials += 1


def _epochs(
    study_id: int, trials: Sequence[FrozenTrial], numbers: Sequence[int]
) -> Iterator[dict[str, Any]]:
    for number in numbers:
        for epoch in range(1, NUM_EPOCHS + 1):
            yield {
                "study_id": study_id,
                "trial_number": number,
                "epoch": epoch,
                "num_epochs": NUM_EPOCHS,
                "phase": "retrain",
                "error_loss": 1 / epoch,
                "complexity_loss": -1e5,
                "validation_error": 0.0161 + trials[number].values[0] + 0.01 / epoch,
                "nonzero_fraction": 0.05,
                "estimated_compression_rate": trials[number].values[1],
                "seconds": float(epoch),
            }


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's browser without a screen."""
    path, *options = browser_command()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, page: Page, study: str) -> Iterator[tuple[BrowserPage, float]]:
    """Show a study in a browser without a cache; with the seconds until its front is drawn."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    window = context.new_page()
    window.set_default_timeout(120_000)
    start = time.perf_counter()
    window.goto(f"{page.address}/study/{study}")
    window.wait_for_function(f"() => ({NUM_DRAWN})() > 0")
    seconds = time.perf_counter() - start
    try:
        yield window, seconds
    finally:
        context.close()


def followed(browser: Browser, page: Page, study: str) -> float:
    """Return the seconds from a click on a study in the list until its front is drawn."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    window = context.new_page()
    window.set_default_timeout(120_000)
    window.goto(page.address)
    window.wait_for_selector("section.study")
    window.wait_for_timeout(5000)  # a reader reads
    start = time.perf_counter()
    window.get_by_role("link", name=study, exact=True).click()
    window.wait_for_function(f"() => ({NUM_DRAWN})() > 0")
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def update(study: Filled, window: BrowserPage) -> float:
    """Let a trial end and return the seconds until the page says so."""
    start = time.perf_counter()
    study.add()
    window.wait_for_function(_FINISHED, arg=f"{study.num_trials:,} of ", timeout=120_000)
    return time.perf_counter() - start


def watched(study: Filled, browser: Browser, num_updates: int) -> dict[str, Any]:
    """Measure first views, updates and memory of a page that is left open on a study."""
    # Each trial is drawn as it ends: what an update costs is asked, and not how often there is one.
    config = DashboardConfig(port=0, refresh_seconds=0.5, max_load=1.0)
    with served_page(study.url, config) as page:
        first, *others = (read(page.address, f"study/{study.name}", page.told) for _ in range(6))
        by_link = statistics.median(followed(browser, page, study.name) for _ in range(3))
        with opened(browser, page, study.name) as (window, driven):
            window.wait_for_timeout(5000)  # importance is measured beside it
            page.refreshes()
            memory, seen = [], []
            for _ in range(num_updates):
                seen.append(update(study, window))
                window.wait_for_timeout(100)  # the browser is at rest when the next trial ends
                memory.append(page.memory_bytes)
            refreshes = page.refreshes()
    drawn = [refresh for refresh in refreshes if refresh.drew]
    idle = [refresh for refresh in refreshes if not refresh.drew]
    eighth = max(1, num_updates // 8)
    return {
        "trials": study.num_trials - num_updates,
        "first_view_seconds": round(first, 2),
        "first_view_of_a_warm_server_seconds": sorted(round(other, 2) for other in others),
        "first_view_of_a_driven_browser_seconds": round(driven, 2),
        "first_view_by_a_link_seconds": round(by_link, 2),
        "updates": len(drawn),
        **_costs("update", drawn),
        **_costs("idle_refresh", idle),
        "seen_after_seconds_p50": round(statistics.median(seen), 2),
        # The first updates fill what is kept; from then on it must not grow.
        "memory_mb": [round(statistics.median(part) / 1e6) for part in _parts(memory, eighth)],
    }


def _parts(values: Sequence[int], size: int) -> list[Sequence[int]]:
    return [values[start : start + size] for start in range(0, len(values) - size + 1, size)]


def _costs(name: str, refreshes: Sequence[Refresh]) -> dict[str, Any]:
    if not refreshes:
        return {}
    times = [1000 * refresh.seconds for refresh in refreshes]
    return {
        f"{name}_queries": statistics.median(refresh.queries for refresh in refreshes),
        f"{name}_server_ms_p50": round(statistics.median(times)),
        f"{name}_server_ms_p95": round(float(np.percentile(times, 95))),
        f"{name}_kb_p50": round(statistics.median(r.num_bytes for r in refreshes) / 1e3, 1),
        f"{name}_kb_p95": round(
            float(np.percentile([r.num_bytes for r in refreshes], 95)) / 1e3, 1
        ),
    }


def run(server: PostgresServer, num_trials: int, num_updates: int, rounds: int) -> dict[str, Any]:
    """Measure everything on one server."""
    measured: dict[str, Any] = {"by_trials": []}
    with chromium() as browser:
        # First: it is the part that wants a quiet machine.
        url = server.create_database().render_as_string(hide_password=False)
        storage = open_storage(StorageConfig(url=url))
        measured["four_workers"] = slowdown(storage, url, browser, rounds)
        storage.close()
        print(measured["four_workers"], flush=True)
        for size in dict.fromkeys((100, 1000, num_trials)):
            more = num_updates if size == num_trials else min(num_updates, 20)
            url = server.create_database().render_as_string(hide_password=False)
            storage = open_storage(StorageConfig(url=url))
            found = watched(Filled(storage, url, size, more), browser, more)
            storage.close()
            print(found, flush=True)
            measured["by_trials"].append(found)
    return measured


def main(num_trials: int = 10_000, num_updates: int = 1000, rounds: int = 6) -> None:
    """Measure everything and write it."""
    if not browser_command():
        raise SystemExit("no Chromium on this machine: apt-get install chromium")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    PROCESSES.set_forkserver_preload(["search.worker", "dashboards.live.app"])
    with running_server() as server:
        measured = run(server, num_trials, num_updates, rounds)
    path = write_result("dashboard", [0], measured)
    print(f"written to {path}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
