"""Writing a file as a whole or not at all."""

import errno
import os
import secrets
from pathlib import Path

from core.errors import SoftshareError


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path`` so that no half of it is ever there to be read.

    Args:
        path: the target; a file of that name is replaced.
        data: its new contents.

    Raises:
        SoftshareError: the target cannot be written.
    """
    target = Path(path)
    try:
        replace_file(target, data)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise SoftshareError(f"cannot write {target}: {reason}; choose another path") from error


def replace_file(target: Path, data: bytes) -> None:
    """Give a file new contents in one step.

    The bytes go to a new file beside the target, reach the disk, and take the target's name. A
    process that is killed in between leaves the target as it was and perhaps a file that starts
    with a dot and ends in ``.partial``.

    Raises:
        OSError: the target cannot be written.
        ValueError: its path has a null byte.
    """
    # A name of its own for each writer, made with the user's umask, which mkstemp would ignore.
    partial = target.parent / f".{target.name[:100]}.{secrets.token_hex(8)}.partial"
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(handle)
