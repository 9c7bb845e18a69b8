"""A browser as a reader has it: nobody looks into it, and the page itself tells when it is drawn.

One that is driven from outside, as Playwright and developer tools do, finds out for every error
that a script catches where each of its callers stands in its file. plotly.js raises and catches
some while it starts, in functions of megabytes: that takes such a browser half a second and more.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable

from flask import Flask, Response, request

from dashboards.browser import browser_command

NUM_DRAWN = """() => (document.querySelector('#figure-front .js-plotly-plot')?.data ?? [])
    .filter(trace => trace.customdata).reduce((sum, trace) => sum + trace.x.length, 0)"""
"""The points that the front shows, whatever their colours say."""

_WAIT, _SCRIPT, _DRAWN = "/timed/wait", "/timed/script.js", "/timed/drawn"
_SECONDS_TO_START = 4
"""A browser that has just been started is busy with itself."""

_TELL = f"""
const drawn = {NUM_DRAWN};
const look = () => drawn() ? fetch(`{_DRAWN}?${{performance.now()}}`) : setTimeout(look, 10);
if (location.search === "?timed") look();
"""
TELLING = f'<script src="{_SCRIPT}"></script>'
"""What lets a page tell."""


def offer_timing(server: Flask, tell: Callable[[float], None]) -> None:
    """Let the pages of a server tell how many seconds after their opening they are drawn."""

    @server.get(f"{_WAIT}/<path:path>")
    def wait(path: str) -> str:
        return f'<meta http-equiv="refresh" content="{_SECONDS_TO_START}; url=/{path}?timed">'

    @server.get(_SCRIPT)
    def script() -> Response:
        return Response(_TELL, mimetype="text/javascript")

    @server.get(_DRAWN)
    def drawn() -> Response:
        tell(float(request.query_string) / 1000)
        return Response(status=204)


def read(address: str, path: str, told: Callable[[], list[float]]) -> float:
    """Open a page in a new browser without a cache and return the seconds until it is drawn.

    Args:
        address: of the server.
        path: of the page, without a leading slash.
        told: returns what the pages told since it was asked last.

    Raises:
        TimeoutError: it was not drawn within two minutes.
    """
    told()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless", "--window-size=1200,900", "--no-first-run"]
        options += [f"--user-data-dir={profile}", "--remote-debugging-port=0"]
        browser = subprocess.Popen(
            [*browser_command(), *options, f"{address}{_WAIT}/{path}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(2400):
                if seconds := told():
                    return seconds[0]
                time.sleep(0.05)
        finally:
            browser.terminate()
            browser.wait()
    raise TimeoutError(f"{path} was not drawn within two minutes")
