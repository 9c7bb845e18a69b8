"""Serves the live page until the process is told to stop."""

import logging
import socket

from waitress.server import create_server

from core.errors import ConfigError
from dashboards.live.addresses import study_path
from dashboards.live.app import make_app
from search.serving import DashboardSource

_NUM_THREADS = 6


def serve(source: DashboardSource) -> None:
    """Open the database, listen, tell where, and answer until Ctrl-C or SIGTERM.

    Raises:
        StorageError: the database cannot be used.
        ConfigError: the address cannot be listened on.
    """
    app, watch = make_app(source)
    watch.open()
    # A reader who is slow is no news for the terminal.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    config = source.dashboard
    try:
        server = create_server(
            app.server, host=config.host, port=config.port, threads=_NUM_THREADS, ident=None
        )
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"dashboard.host and dashboard.port must be an address to listen on, but got "
            f"{config.host} and {config.port}: {error}; choose another dashboard.port"
        ) from error
    source.announce(_address(source, _port(server)))
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        watch.close()


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
