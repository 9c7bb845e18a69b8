import gzip
import struct
import tracemalloc
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from core.data.idx import FILE_NAMES, ImageSet, read_folder, read_idx, sha256_of_idx, write_idx
from core.errors import DataError
from tests.data_sets import write_idx_folder


def tiny_images(num_train: int = 4, num_test: int = 3, height: int = 5, width: int = 7) -> ImageSet:
    random = np.random.default_rng(1)
    return ImageSet(
        train_images=random.integers(0, 256, (num_train, height, width), np.uint8),
        train_labels=np.arange(num_train, dtype=np.uint8),
        test_images=random.integers(0, 256, (num_test, height, width), np.uint8),
        test_labels=np.arange(num_test, dtype=np.uint8),
    )


@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)))
def test_reading_is_the_inverse_of_writing(array: np.ndarray) -> None:
    read = read_idx(BytesIO(write_idx(array)), "array", array.ndim)
    np.testing.assert_array_equal(read, array)
    assert read.shape == array.shape


def test_the_format_is_the_published_one() -> None:
    array = np.array([[1, 2, 3], [4, 5, 255]], np.uint8)
    assert write_idx(array).hex() == "00000802" + "00000002" + "00000003" + "0102030405ff"


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_folder_is_read_gzipped_or_not(tmp_path: Path, gzipped: bool) -> None:
    images = tiny_images()
    read = read_folder(write_idx_folder(tmp_path / "set", images, gzipped=gzipped))
    for field in FILE_NAMES:
        np.testing.assert_array_equal(getattr(read, field), getattr(images, field))


def test_the_checksum_is_that_of_the_uncompressed_file() -> None:
    # sha256sum of the ten bytes 00000801 00000002 0700
    found = sha256_of_idx(np.array([7, 0], np.uint8))
    assert found == "83d335a94b1d883dcd49d2e9082f89b0c842dacfa545cba115cc0a17d5347d0b"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{tmp_path}/none is not a folder; it must hold train-"):
        read_folder(tmp_path / "none")


@pytest.mark.parametrize("name", FILE_NAMES.values())
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write_idx_folder(tmp_path, tiny_images())
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"{folder / name} .or .gz. is missing"):
        read_folder(folder)


@pytest.mark.parametrize("name", FILE_NAMES.values())
@pytest.mark.parametrize("gzipped", [False, True])
def test_a_file_cut_anywhere_is_refused_by_its_name(
    tmp_path: Path, name: str, gzipped: bool
) -> None:
    folder = write_idx_folder(tmp_path, tiny_images(), gzipped=gzipped)
    path = folder / (f"{name}.gz" if gzipped else name)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=str(path)) as caught:
            read_folder(folder)
        assert "\n" not in str(caught.value)


def test_a_file_that_goes_on_is_refused(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, tiny_images())
    path = folder / FILE_NAMES["test_images"]
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DataError, match=r"must hold 105 values .* 3x5x7 say, but holds more"):
        read_folder(folder)


def test_labels_in_the_place_of_images_are_refused(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, tiny_images())
    labels = (folder / FILE_NAMES["train_labels"]).read_bytes()
    (folder / FILE_NAMES["train_images"]).write_bytes(labels)
    with pytest.raises(DataError, match="must start with 00000803, but starts with 00000801"):
        read_folder(folder)


def test_a_gzipped_file_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, tiny_images(), gzipped=True)
    path = folder / f"{FILE_NAMES['train_images']}.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{path} .*fetch it again"):
        read_folder(folder)


@pytest.mark.parametrize("gzipped", [False, True])
def test_no_memory_is_taken_for_values_that_only_the_header_claims(gzipped: bool) -> None:
    claim = bytes((0, 0, 8, 3)) + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1) + b"\7"
    content = BytesIO(gzip.compress(claim) if gzipped else claim)
    tracemalloc.start()
    try:
        with (
            gzip.open(content) if gzipped else content as stream,
            pytest.raises(DataError, match="but holds 1; fetch it again"),
        ):
            read_idx(stream, "claim", 3)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_images_and_labels_must_agree_in_number(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, tiny_images(num_train=4))
    (folder / FILE_NAMES["train_labels"]).write_bytes(write_idx(np.zeros(5, np.uint8)))
    with pytest.raises(DataError, match="but hold 4 images and 5 labels"):
        read_folder(folder)


def test_images_must_be_there(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, tiny_images(num_test=0))
    with pytest.raises(DataError, match="at least one image, but hold 0 images and 0 labels"):
        read_folder(folder)


def test_training_and_test_images_must_be_of_one_size(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, tiny_images())
    (folder / FILE_NAMES["test_images"]).write_bytes(write_idx(np.zeros((3, 5, 8), np.uint8)))
    with pytest.raises(DataError, match="of one size, but are 5x7 and 5x8"):
        read_folder(folder)


def test_test_labels_must_be_among_the_classes(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, tiny_images())
    labels = np.array([0, 1, 9], np.uint8)
    (folder / FILE_NAMES["test_labels"]).write_bytes(write_idx(labels))
    with pytest.raises(DataError, match="classes of the training labels, 0 to 3, but uses 9"):
        read_folder(folder)


@given(st.binary(max_size=40), st.integers(1, 3))
def test_any_bytes_are_read_or_refused(content: bytes, num_dimensions: int) -> None:
    try:
        array = read_idx(BytesIO(content), "bytes", num_dimensions)
    except DataError:
        return
    assert write_idx(array) == content
