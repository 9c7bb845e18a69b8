"""Files that several processes share: one writer at a time, and no reader ever sees half a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from core.codec.files import replace_file
from core.errors import DataError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` against every other process on this machine, waiting for it.

    The lock belongs to the open file, so it is freed when its holder dies, however it dies.

    Raises:
        DataError: the lock file cannot be made; the message names the folder and the remedy.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _not_writable(path, error) from error
    try:
        yield
    finally:
        lock.release()


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, whose folder is made, as a whole or not at all.

    Raises:
        DataError: the file cannot be written; the message names the folder and the remedy.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> DataError:
    reason = error.strerror or error
    return DataError(
        f"{path} cannot be written: {reason}; make it writable or choose another folder"
    )
