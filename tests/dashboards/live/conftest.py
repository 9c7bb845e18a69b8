"""A small study in a database, its live page on a port of this machine, and a browser."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from waitress.channel import HTTPChannel

from core.errors import RetrainError
from core.outcome import CompressionOutcome, OnEpoch
from core.retraining import RetrainingStopped
from dashboards.browser import browser_command
from dashboards.live.app import make_app
from dashboards.live.server import listen
from search.configuration import SoftshareConfig
from search.reproduction import reproducing_command
from search.serving import DashboardConfig, DashboardSource
from search.storage import Storage, StorageConfig, open_storage
from search.study import OpenStudy
from tests.data_sets import small_outcome
from tests.search.studies import report, run_one, small_study

HOSTILE = "<img src=x onerror=window.hacked=1>"
"""What a database of a stranger may hold."""

REFRESH_SECONDS = 0.3


@dataclass(frozen=True)
class Live:
    """A live page and the study that it shows.

    Attributes:
        address: of the page, without a slash at its end.
        path: the database's file.
        study: the study, to go on with.
    """

    address: str
    path: Path
    study: OpenStudy

    def add(self, loss_points: float, file: bytes = b"x" * 900) -> int:
        """Run one more trial to this outcome and return its number."""

        def compress(_config: SoftshareConfig, on_epoch: OnEpoch) -> CompressionOutcome:
            on_epoch(report(1))
            return outcome_of(loss_points, file)

        run_one(self.study, compress)
        return len(self.study.optuna_study.get_trials(deepcopy=False)) - 1


def outcome_of(loss_points: float, file: bytes | None = None) -> CompressionOutcome:
    """The real small compression with another accuracy loss, and another file if one is given."""
    outcome = small_outcome()
    loss = loss_points / 100
    content = outcome.file if file is None else file
    return replace(
        outcome,
        file=content,
        accuracy_loss=loss,
        validation_error=0.02 + loss,
        compression_rate=outcome.float32_bytes / len(content),
    )


def begin(storage: Storage, name: str = "study", num_trials: int = 9) -> OpenStudy:
    """A study of four trials: two within the cap, one stopped, one failed."""
    study = small_study(storage, {"study.name": name}, num_trials=num_trials)
    results: list[CompressionOutcome | Exception] = [
        outcome_of(0.2),
        outcome_of(0.4, b"x" * 1000),
        RetrainingStopped("trapped: 40 % of the weights are not zero"),
        RetrainError(HOSTILE),
    ]
    for result in results:

        def compress(
            _config: SoftshareConfig,
            on_epoch: OnEpoch,
            result: CompressionOutcome | Exception = result,
        ) -> CompressionOutcome:
            on_epoch(report(1))
            on_epoch(report(2))
            if isinstance(result, Exception):
                raise result
            return result

        run_one(study, compress)
    return study


@contextmanager
def serving(url: str, token: str | None = None) -> Iterator[str]:
    """Serve the page of a database and return its address."""
    source = DashboardSource(
        storage=StorageConfig(url=url),
        dashboard=DashboardConfig(port=0, refresh_seconds=REFRESH_SECONDS, max_load=1.0),
        token=token,
        command=reproducing_command,
        announce=lambda _address: None,
    )
    app, context = make_app(source)
    connections: dict[int, Any] = {}
    server = listen(app, "127.0.0.1", 0, connections)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.task_dispatcher.shutdown()
        # In the server's own thread, whose loop ends when it has no connection left.
        server.trigger.pull_trigger(partial(_close, connections))
        thread.join()
        context.watch.close()


def _close(connections: dict[int, Any]) -> None:
    """Close what a server listens on and whatever readers hold, unsent answers included."""
    for connection in list(connections.values()):
        is_reader = isinstance(connection, HTTPChannel)
        (connection.handle_close if is_reader else connection.close)()
    connections.clear()


Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve pages of databases, as ``serving``, until whoever visits them has left."""
    with ExitStack() as servers:
        yield lambda url, token=None: servers.enter_context(serving(url, token))


@pytest.fixture
def live(tmp_path: Path, serve: Serve) -> Iterator[Live]:
    """A page over a study of this test's own."""
    path = tmp_path / "studies.db"
    url = f"sqlite:///{path}"
    storage = open_storage(StorageConfig(url=url))
    study = begin(storage)
    yield Live(address=serve(url), path=path, study=study)
    storage.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserContext]:
    """The system's own Chromium or Chrome, without a screen."""
    command = browser_command()
    if not command:
        pytest.skip("no Chromium on this machine; `make browser` installs it, as root")
    path, *options = command
    expect.set_options(timeout=30_000)  # no test depends on how fast this machine is
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser.new_context()  # one for all, so that scripts are loaded once
        browser.close()


Open = Callable[..., Page]


def _matters(message: ConsoleMessage) -> bool:
    """Return whether a line of the console is more than advice."""
    return message.type in ("error", "warning")


@pytest.fixture
def visit(chromium: BrowserContext, serve: Serve) -> Iterator[Open]:
    """Open an address in a window of its own; whatever the console says there fails the test."""
    said: list[str] = []
    pages = []

    def open_page(address: str, *, dark: bool = False, narrow: bool = False) -> Page:
        page = chromium.new_page()
        pages.append(page)
        page.set_viewport_size({"width": 390 if narrow else 1200, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.on("console", lambda message: said.append(message.text) if _matters(message) else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        page.wait_for_selector("main h1, form")
        return page

    yield open_page
    for page in pages:
        page.close()
    # A reader who is asked for the token is told so by the answer's status.
    assert [line for line in said if "401 (UNAUTHORIZED)" not in line] == []
