"""What the server draws as it starts, and what it leaves until somebody looks at it."""

import threading
from typing import Any

from sqlalchemy import event

from dashboards.live import study_page
from dashboards.live.addresses import Place
from dashboards.live.ahead import draw_ahead
from dashboards.live.app import make_app
from dashboards.live.context import Context
from dashboards.live.study_figures import FIGURES
from dashboards.live.study_updates import versions
from dashboards.live.view import first_view
from search.serving import DashboardConfig, DashboardSource
from search.storage import StorageConfig, open_storage
from tests.dashboards.live.conftest import begin


def context_of(url: str) -> Context:
    """What the pages over a database share."""
    source = DashboardSource(
        storage=StorageConfig(url=url),
        dashboard=DashboardConfig(port=0, refresh_seconds=600.0),
        command=lambda *_: None,
        announce=lambda _address: None,
    )
    return make_app(source)[1]


def test_the_youngest_study_is_read_before_anybody_asks(sqlite_url: str) -> None:
    storage = open_storage(StorageConfig(url=sqlite_url))
    for name in ("older", "younger"):
        begin(storage, name)
    storage.close()
    context = context_of(sqlite_url)
    draw_ahead(context, None).join()
    statements: list[Any] = []
    event.listen(
        context.watch.open().engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    place = Place(page="study", study="younger")
    assert study_page.page(context, place, "light")
    assert not [statement for statement in statements if "trials" in statement]
    assert study_page.page(context, Place(page="study", study="older"), "light")
    assert [statement for statement in statements if "trials" in statement]
    context.watch.close()


def test_importances_are_measured_when_they_are_looked_at(sqlite_url: str) -> None:
    storage = open_storage(StorageConfig(url=sqlite_url))
    begin(storage, "study")
    storage.close()
    context = context_of(sqlite_url)
    draw_ahead(context, None).join()
    view = first_view(context, "study", "light")
    before = versions(context, view.snapshot)
    assert not [thread for thread in threading.enumerate() if thread.name == "importance"]
    assert context.importances.known(view.snapshot) is None
    FIGURES["importance"].draw(view)
    for thread in threading.enumerate():
        if thread.name == "importance":
            thread.join()
    assert context.importances.known(view.snapshot) is not None
    assert versions(context, view.snapshot) != before  # by which the page knows that they are there
    context.watch.close()


def test_a_database_without_the_study_is_no_trouble(sqlite_url: str) -> None:
    open_storage(StorageConfig(url=sqlite_url)).close()
    context = context_of(sqlite_url)
    draw_ahead(context, None).join()
    draw_ahead(context, "missing").join()
    context.watch.close()
