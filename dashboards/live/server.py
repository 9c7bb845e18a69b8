"""Serves the live page until the process is told to stop."""

import logging
import socket
from typing import Any

from dash import Dash
from waitress.server import create_server

from core.errors import ConfigError
from dashboards.live.addresses import study_path
from dashboards.live.ahead import draw_ahead
from dashboards.live.app import make_app
from search.serving import DashboardSource

_NUM_THREADS = 6
_PATIENCE_SECONDS = 5.0
_OUTPUT_BYTES = 1 << 24
"""What an answer may have unsent in memory; the largest script would go to a file otherwise."""


def serve(source: DashboardSource) -> None:
    """Open the database, listen, tell where, and answer until Ctrl-C or SIGTERM.

    Raises:
        StorageError: the database cannot be used.
        ConfigError: the address cannot be listened on.
    """
    app, context = make_app(source)
    watch = context.watch
    watch.open()
    # A reader who is slow is no news for the terminal.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    config = source.dashboard
    try:
        server = listen(app, config.host, config.port)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"dashboard.host and dashboard.port must be an address to listen on, but got "
            f"{config.host} and {config.port}: {error}; choose another dashboard.port"
        ) from error
    ahead = draw_ahead(context, source.study)
    ahead.join(_PATIENCE_SECONDS)
    source.announce(_address(source, _port(server)))
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        ahead.join(_PATIENCE_SECONDS)
        watch.close()


def listen(app: Dash, host: str, port: int, connections: dict[int, Any] | None = None) -> Any:
    """Return waitress's server of a page, which listens and does not answer yet.

    Args:
        app: the page.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        connections: where the server keeps its connections, if somebody else needs them.

    Raises:
        OSError: the address cannot be listened on.
        ValueError: it is none.
    """
    return create_server(
        app.server,
        host=host,
        port=port,
        threads=_NUM_THREADS,
        ident=None,
        outbuf_overflow=_OUTPUT_BYTES,
        map=connections,
    )


def _port(server: object) -> int:
    if hasattr(server, "effective_listen"):
        port: int = server.effective_listen[0][1]
    else:
        port = server.effective_port  # type: ignore[attr-defined]  # of a single address
    return port


def _address(source: DashboardSource, port: int) -> str:
    host = source.dashboard.host
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    path = "/" if source.study is None else study_path(source.study)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{path}"
