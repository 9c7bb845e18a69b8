"""Draws, as the server starts, the study that is likely to be asked for first.

Thousands of trials take a second to read, and what draws first is slower than what has drawn: the
server tells its address when that is done.
"""

import contextlib
import threading

from core.errors import SoftshareError
from dashboards.live import study_page
from dashboards.live.addresses import Place
from dashboards.live.context import Context


def draw_ahead(context: Context, study: str | None) -> threading.Thread:
    """Begin to draw a study beside the requests, and return the thread that does.

    Args:
        context: what all pages share.
        study: name of the study that the server was started for; None takes the youngest.
    """

    def draw() -> None:
        with contextlib.suppress(SoftshareError):  # who asks for the page is told
            for name in [study] if study else context.watch.names()[:1]:
                study_page.page(context, Place(page="study", study=name), "light")

    thread = threading.Thread(target=draw, name="draw ahead", daemon=True)
    thread.start()
    return thread
