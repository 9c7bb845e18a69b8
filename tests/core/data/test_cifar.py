import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data import DataConfig, DataSource, load_data
from core.data.cifar import FOLDERS, TEST_BATCH, TRAIN_BATCHES, read_cifar_10
from core.errors import ConfigError, DataError
from tests.data_sets import small_colour_images, write_cifar_folder


@pytest.mark.parametrize("form", ["binary", "python"])
def test_both_published_forms_hold_the_same_images(tmp_path: Path, form: str) -> None:
    images = read_cifar_10(write_cifar_folder(tmp_path, form))
    expected = small_colour_images()
    for field in ("train_images", "train_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(images, field), getattr(expected, field))


@pytest.mark.parametrize(("form", "folder"), list(zip(("binary", "python"), FOLDERS, strict=True)))
def test_the_folder_that_the_archive_unpacks_to_is_found(
    tmp_path: Path, form: str, folder: str
) -> None:
    write_cifar_folder(tmp_path / folder, form)
    assert len(read_cifar_10(tmp_path).test_labels) == 10


def test_its_planes_are_red_green_and_blue(tmp_path: Path) -> None:
    write_cifar_folder(tmp_path, "binary")
    record = bytes([7]) + bytes([10] * 1024) + bytes([20] * 1024) + bytes([30] * 1024)
    (tmp_path / "test_batch.bin").write_bytes(record)
    images = read_cifar_10(tmp_path)
    assert images.test_labels.tolist() == [7]
    assert images.test_images[0, :, 31, 5].tolist() == [10, 20, 30]


def test_it_loads_as_data_of_three_channels(tmp_path: Path) -> None:
    config = DataConfig(
        source=DataSource.cifar10,
        dir=str(write_cifar_folder(tmp_path, "python")),
        num_validation=20,
    )
    data = load_data(config, tmp_path)
    assert (data.name, data.num_classes) == ("cifar10", 10)
    assert data.train.inputs.shape == (30, 3, 32, 32)
    assert data.validation.inputs.shape == (20, 3, 32, 32)
    expected = torch.from_numpy(small_colour_images().test_images) / 255
    torch.testing.assert_close(data.test.inputs, expected)


def test_it_needs_a_folder() -> None:
    with pytest.raises(ConfigError, match=r"data\.dir must be the folder .*cifar10, but got null"):
        DataConfig(source=DataSource.cifar10)


def test_another_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{tmp_path} does not hold CIFAR-10"):
        read_cifar_10(tmp_path)


@pytest.mark.parametrize("form", ["binary", "python"])
def test_a_missing_batch_is_named(tmp_path: Path, form: str) -> None:
    write_cifar_folder(tmp_path, form)
    next(tmp_path.glob("data_batch_3*")).unlink()
    with pytest.raises(DataError, match=r"data_batch_3.* cannot be read: .*No such file"):
        read_cifar_10(tmp_path)


@pytest.mark.parametrize("length", [0, 3072, 3074])
def test_a_binary_batch_of_another_length_is_refused(tmp_path: Path, length: int) -> None:
    write_cifar_folder(tmp_path, "binary")
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(length))
    with pytest.raises(DataError, match=rf"must hold 3073 bytes .*, but holds {length} bytes"):
        read_cifar_10(tmp_path)


def test_labels_beyond_its_classes_are_refused(tmp_path: Path) -> None:
    write_cifar_folder(tmp_path, "binary")
    (tmp_path / "data_batch_1.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(DataError, match=r"data_batch_1.bin must hold labels from 0 to 9, .* 10"):
        read_cifar_10(tmp_path)


PIXELS = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    "batch",
    [
        [],
        {},
        {"data": PIXELS},
        {"data": PIXELS, "labels": [1]},
        {"data": PIXELS, "labels": [1, 300]},
        {"data": PIXELS, "labels": "ab"},
        {"data": PIXELS[:, 1:], "labels": [1, 2]},
        {"data": PIXELS.astype(np.float32), "labels": [1, 2]},
        {"data": PIXELS[:0], "labels": []},
    ],
)
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, batch: object) -> None:
    write_cifar_folder(tmp_path, "python")
    (tmp_path / TEST_BATCH).write_bytes(pickle.dumps(batch, 3))
    with pytest.raises(DataError, match="must be a dictionary with 3072 bytes"):
        read_cifar_10(tmp_path)


def test_a_hostile_pickle_is_refused(tmp_path: Path) -> None:
    write_cifar_folder(tmp_path, "python")
    (tmp_path / TRAIN_BATCHES[0]).write_bytes(pickle.dumps(print))
    with pytest.raises(DataError, match=r"no pickle of plain arrays: it asks for builtins\.print"):
        read_cifar_10(tmp_path)
