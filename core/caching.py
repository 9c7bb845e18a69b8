"""Files that several processes share: one writer at a time, and no reader ever sees half a file."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

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
    """Write ``content`` to ``path`` so that it is there as a whole or not at all.

    The bytes reach the disk before the name does: a crash leaves the old file or the new one.

    Raises:
        DataError: the file cannot be written; the message names the folder and the remedy.
    """
    # A name of its own for each writer, made with the user's umask, which mkstemp would ignore.
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> DataError:
    reason = error.strerror or error
    return DataError(
        f"{path} cannot be written: {reason}; make it writable or choose another folder"
    )
