"""What a launcher is: where workers are started, how they end, how they are asked to stop.

``search.launching.watching`` watches the workers of any launcher in the same way.
"""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Protocol, Self, TypeVar

from search.configuration import SoftshareConfig
from search.launching.process import ProcessEnd
from search.worker import worker_prefix

_USER_ERROR = 2  # the command line's exit code for what a user can mend


class Cause(Enum):
    """Why a worker ended, and what follows."""

    stopped = auto()
    """It is done, or somebody told it to stop: nobody takes its place."""
    refused = auto()
    """By a mistake of the user's, which every other would make, too: all end."""
    died = auto()
    """It is replaced, but not for ever: the cause may be its own."""
    displaced = auto()
    """Its machine was lost or its time was up: it is replaced as often as that happens."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a worker ended.

    Attributes:
        cause: what follows.
        how: after "ended", for people: "by SIGKILL".
        said: the last line of its output, or what is known in its place.
        prefix: how its name begins in the database; None where nobody knows.
    """

    cause: Cause
    how: str
    said: str
    prefix: str | None = None

    @classmethod
    def of_process(cls, end: ProcessEnd) -> Self:
        """Return what the end of a process says."""
        cause = {0: Cause.stopped, _USER_ERROR: Cause.refused}.get(end.code, Cause.died)
        code = end.code
        return cls(
            cause=cause,
            how=f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}",
            said=end.said,
            prefix=worker_prefix(end.process_id, end.host),
        )


class LaunchedWorker(Protocol):
    """A worker and those that take its place when it ends before its time."""

    @property
    def log(self) -> Path:
        """The file on this machine that its output goes to."""
        ...

    def poll(self) -> Ended | None:
        """Return how it ended; None while it is at work, waits for a place or never started."""
        ...

    def ask_to_stop(self) -> None:
        """Let it end at its next step and give back what it has."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, and end it by force after so many seconds."""
        ...


Worker = TypeVar("Worker", bound=LaunchedWorker)


class Launcher(Protocol[Worker]):
    """Starts workers of a study."""

    def prepare(self, config: SoftshareConfig, num_workers: int) -> Sequence[Worker]:
        """Return workers of a study that are not started yet, numbered from 1."""
        ...

    def start(self, workers: Sequence[Worker]) -> None:
        """Start workers, or others in the place of those that ended."""
        ...

    def close(self) -> None:
        """Let go of what the launcher holds; all workers have ended."""
        ...


def log_of(config: SoftshareConfig, number: int) -> Path:
    """Return where the output of a worker goes, its folder made."""
    folder = config.study_folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"worker_{number}.log"
