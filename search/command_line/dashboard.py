"""``dashboard``: the studies of a database as a live page."""

import os
import signal

from search.command_line.printing import print_lines
from search.command_line.request import Request
from search.composition import overridden_keys
from search.configuration import compose
from search.reproduction import reproducing_command
from search.serving import DashboardSource, checked_token, serve_dashboard


def dashboard(request: Request) -> None:
    """Serve the live page until Ctrl-C or SIGTERM."""
    config = compose(request.overrides)
    named = overridden_keys(request.overrides)
    source = DashboardSource(
        storage=config.storage,
        dashboard=config.dashboard,
        study=config.study.name if {"study.name", "experiment"} & set(named) else None,
        score=config.score if any(key.split(".")[0] == "score" for key in named) else None,
        token=checked_token(config.dashboard, os.environ),
        command=reproducing_command,
        announce=lambda address: print_lines(f"dashboard: {address}", flush=True),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    serve_dashboard(source)
