"""Writing a file as a whole or not at all."""

import errno
import os
import secrets
from pathlib import Path

from core.errors import SoftshareError


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` to ``path`` so that no half of it is ever there to be read.

    The bytes go to a new file beside the target, reach the disk, and take the target's name in
    one step. A process that is killed in between leaves the target as it was and perhaps a file
    that starts with a dot and ends in ``.partial``.

    Args:
        path: the target; a file of that name is replaced.
        data: its new contents.

    Raises:
        SoftshareError: the target cannot be written.
    """
    target = Path(path)
    partial = target.parent / f".{target.name[:100]}.{secrets.token_hex(8)}.partial"
    try:
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
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise SoftshareError(f"cannot write {target}: {reason}; choose another path") from error


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
