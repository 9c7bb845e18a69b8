"""CIFAR-10 in either of the forms in which its authors publish it: binary, or pickled for Python.

Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images", and its web page.
Five training batches and a test batch. In the binary form an image is its label in one byte and
then 3,072 bytes: 1,024 of red, row by row, then as many of green and of blue. In the Python form a
batch is a pickled dictionary, whose ``data`` is an array with those 3,072 bytes a row and whose
``labels`` is a list.
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from core.data.idx import ImageSet
from core.data.pickles import unpickle_arrays
from core.errors import DataError

NUM_CLASSES = 10
TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_BATCH = "test_batch"
FOLDERS = ("cifar-10-batches-bin", "cifar-10-batches-py")
"""The folders that the two published archives unpack to."""

_SHAPE = (3, 32, 32)
_IMAGE_BYTES = 3 * 32 * 32

Batch = tuple[UInt8[np.ndarray, "images 3 32 32"], UInt8[np.ndarray, " images"]]


def read_cifar_10(folder: Path) -> ImageSet:
    """Read CIFAR-10 from the folder of its six files, or from the folder that holds that one.

    Raises:
        DataError: a file is missing or is not of the format.
    """
    for candidate in (folder, *(folder / name for name in FOLDERS)):
        for suffix in (".bin", ""):
            if (candidate / f"{TEST_BATCH}{suffix}").is_file():
                train = [_read(candidate / f"{name}{suffix}") for name in TRAIN_BATCHES]
                test_images, test_labels = _read(candidate / f"{TEST_BATCH}{suffix}")
                return ImageSet(
                    train_images=np.concatenate([images for images, _ in train]),
                    train_labels=np.concatenate([labels for _, labels in train]),
                    test_images=test_images,
                    test_labels=test_labels,
                )
    raise DataError(
        f"{folder} does not hold CIFAR-10: it must be the folder that cifar-10-binary.tar.gz or "
        f"cifar-10-python.tar.gz unpacks to, with {TEST_BATCH}.bin or {TEST_BATCH} in it"
    )


def _read(path: Path) -> Batch:
    try:
        if path.suffix == ".bin":
            pixels, labels = _binary_batch(path)
        else:
            pixels, labels = _pickled_batch(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}; unpack the archive again") from error
    if labels.max() >= NUM_CLASSES:
        raise DataError(
            f"{path} must hold labels from 0 to {NUM_CLASSES - 1}, but holds {labels.max()}; "
            "unpack the archive again"
        )
    return pixels.reshape(-1, *_SHAPE), labels


def _binary_batch(
    path: Path,
) -> tuple[UInt8[np.ndarray, "images bytes"], UInt8[np.ndarray, " images"]]:
    content = np.fromfile(path, np.uint8)
    if content.size == 0 or content.size % (1 + _IMAGE_BYTES) != 0:
        raise DataError(
            f"{path} must hold {1 + _IMAGE_BYTES} bytes for each of at least one image, but holds "
            f"{content.size} bytes; unpack the archive again"
        )
    rows = content.reshape(-1, 1 + _IMAGE_BYTES)
    return rows[:, 1:], rows[:, 0]


def _pickled_batch(
    path: Path,
) -> tuple[UInt8[np.ndarray, "images bytes"], UInt8[np.ndarray, " images"]]:
    with path.open("rb") as stream:
        batch = unpickle_arrays(stream, str(path))
    fields = batch if isinstance(batch, dict) else {}
    pixels, labels = fields.get("data"), fields.get("labels")
    if (
        isinstance(pixels, np.ndarray)
        and pixels.dtype == np.uint8
        and isinstance(labels, list)
        and pixels.shape == (len(labels), _IMAGE_BYTES)
        and len(labels) > 0
        and all(isinstance(label, int) and 0 <= label <= 255 for label in labels)
    ):
        return pixels, np.array(labels, np.uint8)
    raise DataError(
        f"{path} must be a dictionary with {_IMAGE_BYTES} bytes of data and a label for each of "
        "at least one image, but is not; unpack the archive again"
    )
