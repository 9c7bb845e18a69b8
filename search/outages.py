"""What a worker does while the database is away: wait, and try again."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

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
            except (DBAPIError, StorageInternalError) as error:
                if not is_outage(error) or time.monotonic() > deadline:
                    raise
                _logger.warning("the database does not answer; trying again")
                if self._stop.wait(pause * random.uniform(0.5, 1.5)):
                    raise
                pause = min(2 * pause, 5.0)


def is_outage(error: BaseException) -> bool:
    """Return whether an error says that the database is away or busy, and not that we are wrong."""
    if isinstance(error, StorageInternalError):  # Optuna's wrapper
        return error.__cause__ is not None and is_outage(error.__cause__)
    if not isinstance(error, DBAPIError):
        return False
    if "sqlite3" in type(error.orig).__module__:
        return "locked" in str(error.orig) or "busy" in str(error.orig)
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
