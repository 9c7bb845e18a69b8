"""A folder of images, one folder a class: ``train/CLASS/…`` and ``test/CLASS/…``.

The classes are the names of the folders below ``train``, sorted. A folder ``validation`` may stand
beside the two. All images must be of one size and one kind, grey or colour.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.data.data_set import Data, Split
from core.data.own import data_of, own_data
from core.errors import ConfigError, DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
_GREY = ("1", "L", "I;16")


def read_image_folder(folder: Path, num_validation: int) -> Data:
    """Read the images below a folder.

    Args:
        folder: has the folders ``train`` and ``test``, each with a folder for each class.
        num_validation: training images held out, spread evenly over the classes, where there is
            no folder ``validation``.

    Raises:
        DataError: a folder or an image is missing or not as the others.
        ConfigError: Pillow is not installed, or ``num_validation`` leaves nothing to train on.
    """
    name = folder.resolve().name
    train = _folders(folder / "train")
    classes = list(train)
    parts = {"train": _read(train, classes)}
    for part in ("validation", "test"):
        if part == "test" or (folder / part).is_dir():
            parts[part] = _read(_folders(folder / part), classes)
    if "validation" in parts:
        return data_of(name, parts["train"], parts["validation"], parts["test"])
    # the files of a class stand together: in an even order the last ones are of every class
    order = _interleaved(parts["train"].labels)
    whole = Split(inputs=parts["train"].inputs[order], labels=parts["train"].labels[order])
    return own_data(name, (whole, parts["test"]), num_validation)


def _interleaved(labels: Tensor) -> Tensor:
    """Return an order in which every stretch has about the same share of each class."""
    place = torch.zeros(len(labels), dtype=torch.float64)
    for label in labels.unique():
        of_class = (labels == label).nonzero()[:, 0]
        place[of_class] = (torch.arange(len(of_class)) + 0.5).double() / len(of_class)
    return place.argsort(stable=True)


def _folders(folder: Path) -> dict[str, Path]:
    below = sorted(path for path in folder.glob("*") if path.is_dir())
    if not below:
        raise DataError(
            f"{folder} must have a folder of images for each class, but has none; data.dir is the "
            "folder that train and test lie in"
        )
    return {path.name: path for path in below}


def _read(folders: dict[str, Path], classes: list[str]) -> Split:
    images, labels = [], []
    for name, folder in folders.items():
        if name not in classes:
            raise DataError(f"{folder} must be one of the classes of train, {', '.join(classes)}")
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
            images.append(_pixels(path))
            labels.append(classes.index(name))
            if images[-1].shape != images[0].shape:
                raise DataError(
                    f"{path} must be of the size and kind of the others, "
                    f"{_size(images[0])}, but is {_size(images[-1])}"
                )
    if not images:
        raise DataError(f"no image lies in {', '.join(map(str, folders.values()))}")
    pixels = torch.from_numpy(np.stack(images)).float().div_(255)
    return Split(inputs=pixels, labels=torch.tensor(labels))


def _pixels(path: Path) -> np.ndarray:
    """Return the values of an image, 0 to 255, ``[channels, height, width]``."""
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 an optional extra
    except ImportError as error:
        raise ConfigError(
            "data=image_folder needs Pillow, which is not installed; install softshare[images]"
        ) from error
    try:
        with Image.open(path) as image:
            is_grey = image.mode in _GREY
            values = np.asarray(image.convert("L" if is_grey else "RGB"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read as an image: {error}") from error
    return values[None] if is_grey else np.moveaxis(values, 2, 0)


def _size(pixels: np.ndarray) -> str:
    channels, height, width = pixels.shape
    return f"{height}x{width} in {'grey' if channels == 1 else 'colour'}"
