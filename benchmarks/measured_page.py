"""The live page in a process of its own that counts what its answers cost, by refresh.

A refresh is everything from one tick of the page's clock to the next: the questions that the
browser asks then, and those about what changed.
"""

import io
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event

from benchmarks.reader import TELLING, offer_timing
from dashboards.live.ahead import draw_ahead
from dashboards.live.app import make_app
from dashboards.live.clock import CLOCK
from dashboards.live.server import listen
from search.reproduction import reproducing_command
from search.serving import DashboardConfig, DashboardSource
from search.storage import StorageConfig

PROCESSES = multiprocessing.get_context("forkserver")

_DREW = b'"figure-front":'


@dataclass
class Refresh:
    """What one refresh cost.

    Attributes:
        queries: statements that the database was sent.
        num_bytes: of the answers' bodies.
        seconds: time in which at least one answer was being made.
        drew: whether the front was drawn again.
    """

    queries: int = 0
    num_bytes: int = 0
    seconds: float = 0.0
    drew: bool = False


class Meter:
    """Counts by refresh; a WSGI application around the page's."""

    def __init__(self, answer: Callable[..., Iterable[bytes]]) -> None:
        self.refreshes = [Refresh()]
        self._answer = answer
        self._lock = threading.Lock()
        self._num_answering = 0
        self._busy_since = 0.0

    def count_query(self, *_given: object) -> None:
        """Note a statement; an event handler of SQLAlchemy."""
        with self._lock:
            self.refreshes[-1].queries += 1

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Let the page answer, and note what that took."""
        asked = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(asked)
        self._begin(is_new=environ["PATH_INFO"] == CLOCK)
        try:
            content = b"".join(self._answer(environ, start_response))
        finally:
            self._end()
        with self._lock:
            refresh = self.refreshes[-1]
            refresh.num_bytes += len(content)
            refresh.drew |= _DREW in content and b"_dash-update" in environ["PATH_INFO"].encode()
        return [content]

    def _begin(self, *, is_new: bool) -> None:
        with self._lock:
            if is_new:
                self.refreshes.append(Refresh())
            if not self._num_answering:
                self._busy_since = time.perf_counter()
            self._num_answering += 1

    def _end(self) -> None:
        with self._lock:
            self._num_answering -= 1
            if not self._num_answering:
                self.refreshes[-1].seconds += time.perf_counter() - self._busy_since


@dataclass(frozen=True)
class Page:
    """A page that is being served.

    Attributes:
        address: where.
        process: its process's number.
        refreshes: returns what each refresh since the last call cost, the last one left out.
        told: returns after how many seconds pages said that they were drawn, since the last call.
    """

    address: str
    process: int
    refreshes: Callable[[], list[Refresh]]
    told: Callable[[], list[float]]

    @property
    def memory_bytes(self) -> int:
        """Memory that the server holds, as the system counts it."""
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * 4096

    @property
    def cpu_seconds(self) -> float:
        """Computing time that the server took."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100


@contextmanager
def served_page(url: str, dashboard: DashboardConfig) -> Iterator[Page]:
    """Serve the page of a database from a process of its own while the block runs."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_serve, args=(url, dashboard, there), daemon=True)
    process.start()
    address, number = here.recv()

    def ask(what: str) -> Any:
        here.send(what)
        return here.recv()

    def refreshes() -> list[Refresh]:
        return [Refresh(**values) for values in ask("refreshes")]

    def told() -> list[float]:
        return list(ask("told"))

    try:
        yield Page(address=address, process=number, refreshes=refreshes, told=told)
    finally:
        process.terminate()
        process.join()
        here.close()


def _serve(url: str, dashboard: DashboardConfig, pipe: Any) -> None:
    source = DashboardSource(
        storage=StorageConfig(url=url),
        dashboard=dashboard,
        command=reproducing_command,
        announce=lambda _address: None,
    )
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # as when it is served
    app, context = make_app(source)
    told: list[float] = []
    offer_timing(app.server, told.append)
    app.index_string = app.index_string.replace("</body>", f"{TELLING}</body>")
    meter = Meter(app.server.wsgi_app)
    app.server.wsgi_app = meter
    event.listen(context.watch.open().engine, "before_cursor_execute", meter.count_query)
    server = listen(app, "127.0.0.1", 0)
    threading.Thread(target=server.run, daemon=True).start()
    draw_ahead(context, None).join()
    pipe.send((f"http://127.0.0.1:{server.effective_port}", multiprocessing.current_process().pid))
    while True:
        if pipe.recv() == "told":
            pipe.send(told[:])
            told.clear()
        else:
            done, meter.refreshes = meter.refreshes[:-1], meter.refreshes[-1:]
            pipe.send([asdict(refresh) for refresh in done])
