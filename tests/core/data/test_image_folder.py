"""A folder of images, a folder a class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data import DataConfig, DataSource, load_data
from core.errors import DataError


def write_images(folder: Path, colour: bool = False) -> Path:
    """Four training and two test images of each of the classes bright and dark, 3 by 5 pixels."""
    random = np.random.default_rng(0)
    for part, count in (("train", 4), ("test", 2)):
        for label, base in (("dark", 0), ("bright", 200)):
            below = folder / part / label
            below.mkdir(parents=True)
            for number in range(count):
                shape = (3, 5, 3) if colour else (3, 5)
                pixels = base + random.integers(0, 50, shape).astype(np.uint8)
                Image.fromarray(pixels.astype(np.uint8)).save(below / f"{number}.png")
    (folder / "train" / "dark" / "notes.txt").write_text("no image")
    return folder


def load(folder: Path, num_validation: int = 2) -> object:
    config = DataConfig(
        source=DataSource.image_folder, dir=str(folder), num_validation=num_validation
    )
    return load_data(config, folder)


@pytest.mark.parametrize("colour", [False, True])
def test_images_are_read_with_their_folders_as_classes(tmp_path: Path, colour: bool) -> None:
    data = load(write_images(tmp_path / "photos", colour))
    assert data.name == "photos"
    assert data.num_classes == 2
    assert data.train.inputs.shape == (6, 3 if colour else 1, 3, 5)
    assert data.test.inputs.shape[0] == 4
    for split in (data.train, data.validation, data.test):
        means = split.inputs.mean(dim=(1, 2, 3))
        assert ((means < 0.5) == (split.labels == 1)).all()  # bright, dark
    assert sorted(data.validation.labels.tolist()) == [0, 1]


def test_a_folder_of_validation_images_is_used_as_it_is(tmp_path: Path) -> None:
    folder = write_images(tmp_path)
    (folder / "validation" / "dark").mkdir(parents=True)
    pixels = np.zeros((3, 5), np.uint8)
    Image.fromarray(pixels).save(folder / "validation" / "dark" / "a.png")
    data = load(folder)
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 1, 4)


def test_what_is_missing_or_different_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train must have a folder of images for each class"):
        load(tmp_path / "nothing")
    folder = write_images(tmp_path / "photos")
    odd = folder / "test" / "bright" / "odd.png"
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(odd)
    with pytest.raises(DataError, match=r"odd.png must be .* 3x5 in grey, but is 4x4 in grey"):
        load(folder)
    odd.write_bytes(b"no image at all")
    with pytest.raises(DataError, match=r"odd.png cannot be read as an image"):
        load(folder)
    odd.unlink()
    (folder / "test" / "grey").mkdir()
    with pytest.raises(DataError, match=r"grey must be one of the classes of train, bright, dark"):
        load(folder)
