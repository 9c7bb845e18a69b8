"""Puts the live page together: its server, its frame and the pages by their addresses."""

from pathlib import Path
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from flask import Flask, Response

from core.errors import SoftshareError
from dashboards.live import compare_page, studies_page, study_page, study_updates, trial_page
from dashboards.live.access import forbid_loading, guard
from dashboards.live.addresses import STUDIES, place_of
from dashboards.live.clock import offer_clock
from dashboards.live.context import Context
from dashboards.live.downloads import offer_downloads
from dashboards.live.frame import FAILED, PAGE, PLACE, THEME, TROUBLE, Content, frame, notice
from dashboards.live.watch import Watch
from dashboards.report import colour_variables
from search.serving import DashboardSource

_HERE = Path(__file__).resolve().parent
_STYLES = "/styles.css"
_INDEX = f"""<!DOCTYPE html>
<html lang="en" data-refresh="{{refresh}}">
<head>
{{%metas%}}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{%title%}}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{_STYLES}">
{{%css%}}
</head>
<body>
<p id="away" class="trouble" role="status" hidden>The server of this page does not answer. This page
goes on by itself when it does.</p>
{{%app_entry%}}
<footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer>
</body>
</html>"""


def make_app(source: DashboardSource) -> tuple[Dash, Context]:
    """Return the page over a database, and what its pages share.

    Nothing is read before the first request, and no route writes.
    """
    # An answer serves every page that is open: none may wait a whole interval for it.
    watch = Watch(config=source.storage, seconds=0.5 * source.dashboard.refresh_seconds)
    context = Context(watch=watch, source=source)
    server = Flask("softshare")
    guard(server, token=source.token, is_loopback=source.dashboard.is_loopback)
    app = Dash(
        __name__,
        server=server,  # type: ignore[arg-type]  # an application is meant, too
        assets_folder=str(_HERE / "assets"),
        assets_ignore=r".*\.css$",  # one sheet of ours, served with the report's
        index_string=_INDEX.replace(
            "{refresh}", str(round(1000 * source.dashboard.refresh_seconds))
        ),
        serve_locally=True,
        suppress_callback_exceptions=True,
        title="softshare",
        update_title="",
        add_log_handler=False,
        enable_mcp=False,
    )
    app.layout = frame()
    _serve_styles(server)
    offer_clock(server, context)
    offer_downloads(server, watch)
    _add_routing(app, context)
    for part in (studies_page, study_updates, trial_page, compare_page):
        part.add_callbacks(app, context)
    forbid_loading(server, [f"'{digest.strip(chr(39))}'" for digest in app.csp_hashes()])
    return app, context


def _serve_styles(server: Flask) -> None:
    sheets = (_HERE.parent / "assets" / "report.css", _HERE / "assets" / "live.css")
    styles = colour_variables() + "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)

    @server.get(_STYLES)
    def stylesheet() -> Response:
        return Response(styles, mimetype="text/css")


def _add_routing(app: Dash, context: Context) -> None:
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("softshare", "theme"), Output(THEME, "data"), Input(PLACE, "id")
    )
    pages = {
        "studies": studies_page.page,
        "study": study_page.page,
        "trial": trial_page.page,
        "compare": compare_page.page,
    }

    @app.callback(
        Output(PAGE, "children"),
        Output(FAILED, "data"),
        Input(PLACE, "pathname"),
        Input(PLACE, "search"),
        Input(THEME, "data"),
        Input(TROUBLE, "children"),
        State(FAILED, "data"),
    )
    def show(
        path: str | None, search: str | None, theme: str | None, _trouble: object, has_failed: bool
    ) -> Any:
        # A page that is there follows the database itself; one that failed is tried again.
        is_there = ctx.triggered_id == TROUBLE and not has_failed
        if theme is None or is_there:
            return no_update, no_update
        place = place_of(path or "/", search or "")
        if place.page not in pages:
            said = f"Nothing is at {path}."
            return notice("There is no such page", said, STUDIES, "All studies"), False
        try:
            return pages[place.page](context, place, theme), False
        except SoftshareError as error:
            return _failed(str(error), place.study), True


def _failed(error: str, study: str) -> list[Content]:
    title = f"Study {study} cannot be shown" if study else "The studies cannot be shown"
    return notice(title, f"{error}.", STUDIES, "All studies")
