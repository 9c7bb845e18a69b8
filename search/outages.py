"""What a worker does while the database or the files' place is away or full: wait and try again."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
)

from search.errors import ArtifactStoreAwayError, StorageAwayError

OUTAGES = (
    DBAPIError,
    PendingRollbackError,
    StorageInternalError,
    StorageAwayError,
    ArtifactStoreAwayError,
)
"""What an outage may be raised as; ``is_outage`` tells whether it is one."""

OUTAGE_PATIENCE_SECONDS = 300.0

Result = TypeVar("Result")

_logger = logging.getLogger(__name__)


class Patience:
    """Repeats what a database that is away for a while kept from being done.

    Only for operations that may be done twice: the answer to one that was done can be lost too.
    """

    def __init__(
        self, stop: threading.Event | None = None, seconds: float = OUTAGE_PATIENCE_SECONDS
    ) -> None:
        self._stop = stop or threading.Event()
        self._seconds = seconds

    def __call__(self, operation: Callable[[], Result]) -> Result:
        """Return what ``operation`` returns, trying again while the database is away.

        Raises:
            the last outage, when patience ends or the process is told to stop.
        """
        deadline = time.monotonic() + self._seconds
        pause = 0.1
        while True:
            try:
                return operation()
            except OUTAGES as error:
                if not is_outage(error) or time.monotonic() > deadline:
                    raise
                _logger.warning("%s; trying again", _what_is_away(error))
                if self._stop.wait(pause * random.uniform(0.5, 1.5)):
                    raise
                pause = min(2 * pause, 5.0)


def is_outage(error: BaseException) -> bool:
    """Return whether an error says that what we need is away, and not that we are wrong."""
    if isinstance(error, StorageAwayError | ArtifactStoreAwayError):
        return True
    if isinstance(error, StorageInternalError):  # Optuna's wrapper
        return error.__cause__ is not None and is_outage(error.__cause__)
    if isinstance(error, PendingRollbackError):  # asked again in a transaction that was cut
        return True
    if not isinstance(error, DBAPIError):
        return False
    if "sqlite3" in type(error.orig).__module__:
        return any(sign in str(error.orig) for sign in ("locked", "busy", "full"))
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _what_is_away(error: BaseException) -> str:
    is_told = isinstance(error, StorageAwayError | ArtifactStoreAwayError)
    return str(error) if is_told else "the database does not answer"
