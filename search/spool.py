"""Finished trials on this machine's disk, until the database has them.

A trial's ending is written here before anybody is told, as a whole or not at all. It stays through
outages and the death of its worker; the next worker of the study on this machine tells it.
"""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from core.codec.files import replace_file

_SUFFIX = ".json"

_logger = logging.getLogger(__name__)


def spool_folder(cache_dir: Path, study_name: str, created_at: float) -> Path:
    """Return the folder of a study's endings on this machine.

    Args:
        cache_dir: this machine's cache.
        study_name: names the study in its database.
        created_at: when it was created there; tells it from others of its name.
    """
    key = hashlib.sha256(f"{study_name}\n{created_at!r}".encode()).hexdigest()[:16]
    return cache_dir / "spool" / key


class Spool:
    """The endings of one study that wait on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def keeping(self, name: str, content: bytes) -> Iterator[None]:
        """Keep an ending while the block tells it; it is gone after, and stays if the block raises.

        A disk that cannot take it is warned of, and the block runs all the same.

        Args:
            name: of its own on this machine.
            content: the ending.
        """
        with contextlib.ExitStack() as held:
            path = self._folder / f"{name}{_SUFFIX}"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(_lock(path))
                replace_file(path, content)
            except OSError as error:
                _logger.warning("%s cannot be written: %s", path, error.strerror or error)
            yield
            _remove(path)

    @contextlib.contextmanager
    def taking(self) -> Iterator[list[bytes]]:
        """Hand out the endings that no living process keeps; they are gone after the block.

        They stay if the block raises.
        """
        with contextlib.ExitStack() as held:
            paths = []
            for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
                with contextlib.suppress(Timeout):
                    held.enter_context(_lock(path))
                    paths.append(path)
            # Who held one a moment ago may have removed it.
            paths = [path for path in paths if path.exists()]
            yield [path.read_bytes() for path in paths]
            for path in paths:
                _remove(path)


def _lock(path: Path) -> FileLock:
    # It belongs to the open file, so it is freed when its holder dies, however it dies.
    return FileLock(path.with_suffix(".lock"), timeout=0)


def _remove(path: Path) -> None:
    """Remove an ending; one that stays is told once more.

    The folder stays: another worker may be about to write or to look there.
    """
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)
