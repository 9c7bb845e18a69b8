from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data import DataConfig, DataSource, load_data
from core.errors import ConfigError, DataError
from tests.data_sets import mnist, small_data, small_images, write_idx_folder


def idx_config(folder: Path, num_validation: int = 500) -> DataConfig:
    return DataConfig(source=DataSource.idx, dir=str(folder), num_validation=num_validation)


def test_mnist_is_split_into_its_three_parts() -> None:
    data = mnist()
    assert (len(data.train), len(data.validation), len(data.test)) == (50000, 10000, 10000)
    assert data.num_classes == 10
    for split in (data.train, data.validation, data.test):
        assert split.inputs.shape[1:] == (1, 28, 28)
        assert split.inputs.dtype == torch.float32
        assert split.labels.dtype == torch.int64
        assert split.inputs.is_contiguous()
        assert split.labels.is_contiguous()
        assert (split.inputs.min(), split.inputs.max()) == (0, 1)


def test_the_first_digits_of_mnist_are_the_known_ones() -> None:
    data = mnist()
    assert data.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    # mean and standard deviation of the 60,000 training images, as every tutorial gives them
    train = torch.cat([data.train.inputs, data.validation.inputs])
    assert train.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert train.std().item() == pytest.approx(0.3081, abs=5e-5)


@pytest.mark.parametrize("gzipped", [False, True])
def test_any_folder_of_idx_files_is_a_data_set(tmp_path: Path, gzipped: bool) -> None:
    folder = write_idx_folder(tmp_path / "figures", small_images(), gzipped=gzipped)
    data = load_data(idx_config(folder), tmp_path / "unused")
    assert data.name == "figures"
    assert torch.equal(data.train.inputs, small_data().train.inputs)
    assert torch.equal(data.validation.inputs, small_data().validation.inputs)
    assert torch.equal(data.test.labels, small_data().test.labels)
    assert data.fingerprint == small_data().fingerprint
    assert not (tmp_path / "unused").exists()


def test_images_of_any_size_are_read(tmp_path: Path) -> None:
    images = replace(
        small_images(),
        train_images=small_images().train_images[:, 3:, 4:20],
        test_images=small_images().test_images[:, 3:, 4:20],
    )
    data = load_data(idx_config(write_idx_folder(tmp_path, images)), tmp_path)
    assert data.test.inputs.shape == (500, 1, 25, 16)


def test_the_validation_images_are_the_last_training_images() -> None:
    images, data = small_images(), small_data()
    grey = torch.cat([data.train.inputs, data.validation.inputs]).squeeze(1) * 255
    np.testing.assert_allclose(grey.numpy(), images.train_images, atol=1e-4)
    np.testing.assert_array_equal(data.validation.labels.numpy(), images.train_labels[-500:])


def test_the_fingerprint_tells_images_labels_and_splits_apart(tmp_path: Path) -> None:
    images = small_images()
    pixels, labels = images.test_images.copy(), images.train_labels.copy()
    pixels[7, 7, 7] ^= 1
    labels[7] ^= 1
    variants = (images, replace(images, test_images=pixels), replace(images, train_labels=labels))
    fingerprints = {
        load_data(idx_config(write_idx_folder(tmp_path / str(number), variant)), tmp_path)
        .fingerprint for number, variant in enumerate(variants)
    }  # fmt: skip
    fingerprints.add(load_data(idx_config(tmp_path / "0", 400), tmp_path).fingerprint)
    assert len(fingerprints) == 4


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_idx_folder(tmp_path / "figures", small_images())
    assert load_data(idx_config(Path("~/figures")), tmp_path).name == "figures"


@pytest.mark.parametrize("num_validation", [2500, 10000])
def test_something_must_be_left_to_train_on(tmp_path: Path, num_validation: int) -> None:
    folder = write_idx_folder(tmp_path / "figures", small_images())
    rule = f"data.num_validation must be below the 2500 .* of figures, but got {num_validation}"
    with pytest.raises(ConfigError, match=rule):
        load_data(idx_config(folder, num_validation), tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{tmp_path}/none is not a folder"):
        load_data(idx_config(tmp_path / "none"), tmp_path)


def test_an_idx_data_set_needs_a_folder() -> None:
    with pytest.raises(ConfigError, match=r"data\.dir must be the folder .* null; set data\.dir="):
        DataConfig(source=DataSource.idx)


def test_something_must_be_held_out() -> None:
    with pytest.raises(ConfigError, match=r"data\.num_validation must be >= 1, but got 0"):
        DataConfig(num_validation=0)
