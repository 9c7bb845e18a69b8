"""How a study reaches whatever shows it live: that is a room above this one, found by name.

An installed package names its server as an entry point of the group ``softshare.dashboards``: a
function with the signature of ``Serve``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from core.errors import ConfigError, require
from search.scoring import ScoreConfig
from search.storage import StorageConfig

DASHBOARDS = "softshare.dashboards"
"""Group of entry points that serve a live page."""

TOKEN = "SOFTSHARE_DASHBOARD_TOKEN"
"""Environment variable with what a reader must know to see the page."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Addresses that only this machine reaches."""


@dataclass(kw_only=True)
class DashboardConfig:
    """Where the live page is served, and how often it looks into the database.

    Attributes:
        host: address to listen on; others than this machine's own need a token.
        port: port to listen on; 0 takes a free one.
        refresh_seconds: seconds from one look to the next.
        max_load: share of the time that drawing what has changed may take, for workers may run on
            the same machine; while trials end faster, a page is up to ten seconds behind.
    """

    host: str = "127.0.0.1"
    port: int = 8050
    refresh_seconds: float = 2.0
    max_load: float = 0.03

    def __post_init__(self) -> None:
        require(0 <= self.port <= 65535, "dashboard.port", "in [0, 65535]", self.port)
        require(
            self.refresh_seconds >= 0.1, "dashboard.refresh_seconds", ">= 0.1", self.refresh_seconds
        )
        require(0 < self.max_load <= 1, "dashboard.max_load", "in (0, 1]", self.max_load)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the page."""
        return self.host in LOOPBACK


@dataclass(frozen=True, kw_only=True)
class DashboardSource:
    """What a live page is made from.

    Attributes:
        storage: the database; it is only read.
        dashboard: where to listen.
        study: study to open first; the list of studies opens where it is None.
        score: the cap to look at studies with; each study's own where it is None.
        token: what a reader must know, None for no more than being on this machine.
        command: returns the command that makes a trial's file again, from the configurations of
            its study and of the trial and the name of the file; None where there is none.
        announce: called with the address of the page once it is served.
    """

    storage: StorageConfig
    dashboard: DashboardConfig
    study: str | None = None
    score: ScoreConfig | None = None
    token: str | None = None
    command: Callable[[Mapping[str, Any], Mapping[str, Any], str], str | None]
    announce: Callable[[str], None]


Serve = Callable[[DashboardSource], None]
"""Serves a live page until the process is told to stop."""


def checked_token(config: DashboardConfig, environment: Mapping[str, str]) -> str | None:
    """Return the token that readers need.

    Raises:
        ConfigError: other machines would reach the page and there is none.
    """
    token = environment.get(TOKEN) or None
    if token is None and not config.is_loopback:
        raise ConfigError(
            f"dashboard.host must be {LOOPBACK[0]} where {TOKEN} is not set, but got "
            f"{config.host}; set it to a secret of your choice, which readers are asked for"
        )
    return token


def serve_dashboard(source: DashboardSource) -> None:
    """Let the installed live page serve a database until the process is told to stop.

    Raises:
        SoftshareError: there is none, or it cannot serve.
    """
    entries = sorted(entry_points(group=DASHBOARDS), key=lambda entry: entry.name)
    if not entries:
        raise ConfigError(
            "no live page is installed: softshare brings one, so install it again with its entry "
            "points"
        )
    serve: Serve = entries[0].load()
    serve(source)
