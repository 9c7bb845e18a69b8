"""The IDX format of image data sets, read strictly.

Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats. A file is
two zero bytes, a type code (8 for unsigned bytes), the number of dimensions, each dimension as a
big-endian 32-bit integer, and the values in row-major order.
"""

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from core.errors import DataError

_UNSIGNED_BYTE = 8
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """A labelled image data set as its files hold it.

    Attributes:
        train_images: values of the training images, 0 to 255; of colour images, a plane of values
            for each channel.
        train_labels: class of each training image, from 0.
        test_images: values of the test images.
        test_labels: class of each test image.
    """

    train_images: UInt8[np.ndarray, "train *channels height width"]
    train_labels: UInt8[np.ndarray, " train"]
    test_images: UInt8[np.ndarray, "test *channels height width"]
    test_labels: UInt8[np.ndarray, " test"]


FILE_NAMES: Mapping[str, str] = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
"""The name of the file behind each field of an ``ImageSet``."""

assert set(FILE_NAMES) == {field.name for field in fields(ImageSet)}


def read_folder(folder: Path) -> ImageSet:
    """Read the four IDX files of ``folder``, each gzipped (with the suffix ``.gz``) or not.

    Raises:
        DataError: a file is missing, is not of the format, or does not fit the others.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder; it must hold {', '.join(FILE_NAMES.values())} (or .gz)"
        )
    arrays = {}
    for field, name in FILE_NAMES.items():
        path = _find(folder, name)
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
                arrays[field] = read_idx(stream, str(path), num_dimensions(field))
        except OSError as error:  # the file cannot be opened at all
            raise _unreadable(str(path), error) from error
    return consistent_image_set(arrays, str(folder))


def num_dimensions(field: str) -> int:
    """Dimensions of a field of an ``ImageSet``: 3 for images, 1 for labels."""
    return 3 if field.endswith("images") else 1


def read_idx(stream: BufferedIOBase, source: str, num_dimensions: int) -> UInt8[np.ndarray, "..."]:
    """Read one IDX file of unsigned bytes.

    Memory is taken as the values arrive, never by what the header claims.

    Args:
        stream: the file, already decompressed.
        source: how an error names it.
        num_dimensions: dimensions that it must have.

    Raises:
        DataError: it cannot be decompressed, has another magic number, ends early or goes on.
    """
    try:
        header = stream.read(4 * (1 + num_dimensions))
        magic = bytes((0, 0, _UNSIGNED_BYTE, num_dimensions))
        if header[:4] != magic:
            raise DataError(
                f"{source} is no IDX file of {num_dimensions}-dimensional unsigned bytes: "
                f"it must start with {magic.hex()}, but starts with {header[:4].hex() or 'nothing'}"
            )
        if len(header) < 4 * (1 + num_dimensions):
            raise DataError(f"{source} ends within its header; fetch it again")
        shape = struct.unpack(f">{num_dimensions}I", header[4:])
        values = _read_at_most(stream, math.prod(shape) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(source, error) from error
    if len(values) != math.prod(shape):
        found = f"{len(values)}" if len(values) < math.prod(shape) else "more"
        raise DataError(
            f"{source} must hold {math.prod(shape)} values after its header, as its dimensions "
            f"{'x'.join(map(str, shape))} say, but holds {found}; fetch it again"
        )
    return np.frombuffer(values, np.uint8).reshape(shape)


def write_idx(array: UInt8[np.ndarray, "..."]) -> bytes:
    """Return the IDX file that holds ``array``."""
    header = bytes((0, 0, _UNSIGNED_BYTE, array.ndim)) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    return header + array.tobytes()


def sha256_of_idx(array: UInt8[np.ndarray, "..."]) -> str:
    """SHA-256 of the (uncompressed) IDX file that holds ``array``, as ``sha256sum`` prints it."""
    return hashlib.sha256(write_idx(array)).hexdigest()


def consistent_image_set(arrays: Mapping[str, UInt8[np.ndarray, "..."]], source: str) -> ImageSet:
    """Return the four arrays as an ``ImageSet``, once they are known to fit each other.

    Args:
        arrays: one array for each field of ``ImageSet``.
        source: how an error names the place that they come from.

    Raises:
        DataError: no images, or images and labels that disagree in number, size or classes.
    """
    for part in ("train", "test"):
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if len(images) != len(labels) or images.size == 0:
            raise DataError(
                f"{source}: {FILE_NAMES[f'{part}_images']} and {FILE_NAMES[f'{part}_labels']} must "
                f"hold one label for each of at least one image, but hold {len(images)} images and "
                f"{len(labels)} labels"
            )
    train_size, test_size = arrays["train_images"].shape[1:], arrays["test_images"].shape[1:]
    if train_size != test_size:
        raise DataError(
            f"{source}: training and test images must be of one size, but are "
            f"{train_size[0]}x{train_size[1]} and {test_size[0]}x{test_size[1]}"
        )
    highest, highest_test = arrays["train_labels"].max(), arrays["test_labels"].max()
    if highest_test > highest:
        raise DataError(
            f"{source}: {FILE_NAMES['test_labels']} must use the classes of the training labels, "
            f"0 to {highest}, but uses {highest_test}"
        )
    return ImageSet(**arrays)


def _find(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise DataError(
        f"{folder / name} (or .gz) is missing; the folder must hold "
        f"{', '.join(FILE_NAMES.values())}, each as it is or with .gz"
    )


def _read_at_most(stream: BufferedIOBase, limit: int) -> bytearray:
    values = bytearray()
    while len(values) < limit:
        chunk = stream.read(min(_CHUNK_BYTES, limit - len(values)))
        if not chunk:
            break
        values += chunk
    return values


def _unreadable(source: str, error: Exception) -> DataError:
    return DataError(f"{source} cannot be read: {error}; fetch it again")
