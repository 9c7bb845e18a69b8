"""Data sets and reference networks that tests share: real MNIST, and a problem learnt in a second.

Each is made once a process; nothing may be written into what these functions return.
"""

import gzip
import os
from functools import cache
from pathlib import Path

import numpy as np
import torch

from core.data import Data, DataConfig, load_data
from core.data.idx import FILE_NAMES, ImageSet, write_idx
from core.data.load import split_images
from core.networks import NetworkConfig, description
from core.reference import (
    ReferenceConfig,
    ReferenceNetwork,
    load_or_train_reference,
    train_reference,
)

# As every process of ours does; but denormal numbers stay, which Hypothesis insists on.
torch.set_num_threads(1)

SMALL_VALIDATION = 500
SMALL_REFERENCE = ReferenceConfig(num_epochs=6, batch_size=64, dropout=0.1)


def shared_cache() -> Path:
    """The user's own cache, so that a machine downloads MNIST and trains its reference once."""
    return Path(os.environ.get("SOFTSHARE_CACHE", "~/.cache/softshare")).expanduser()


@cache
def mnist() -> Data:
    """The real MNIST: 50,000 training, 10,000 validation and 10,000 test images."""
    return load_data(DataConfig(), shared_cache())


@cache
def mnist_reference() -> ReferenceNetwork:
    """LeNet-300-100 trained on MNIST as shipped; half a minute the first time on a machine."""
    return load_or_train_reference(NetworkConfig(), mnist(), ReferenceConfig(), shared_cache())


@cache
def small_images() -> ImageSet:
    """Ten classes of smooth 28x28 figures, shifted, dimmed and noisy: 2,500 to train, 500 to test.

    Like digits they leave most pixels dark, and a few of them cannot be told apart.
    """
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0:28, 0:28]
    figures = np.zeros((10, 28, 28))
    for label, spots in enumerate(random.uniform(7, 21, (10, 5, 2))):
        for row, column in spots:
            figures[label] += np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 6)
    figures /= figures.max(axis=(1, 2), keepdims=True)

    def draw(num_images: int) -> tuple[np.ndarray, np.ndarray]:
        labels = random.integers(0, 10, num_images).astype(np.uint8)
        shifts = random.integers(-3, 4, (num_images, 2))
        images = np.stack(
            [
                np.roll(figures[label], shift, (0, 1))
                for label, shift in zip(labels, shifts, strict=True)
            ]
        )
        images *= random.uniform(0.5, 1, (num_images, 1, 1))
        noisy = images + random.normal(0, 0.25, images.shape) * (images > 0.05)
        return (noisy.clip(0, 1) * 255).astype(np.uint8), labels

    train_images, train_labels = draw(2500)
    test_images, test_labels = draw(500)
    return ImageSet(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )


@cache
def small_data() -> Data:
    """``small_images`` as 2,000 training, 500 validation and 500 test images."""
    return split_images("small", small_images(), SMALL_VALIDATION)


@cache
def small_reference() -> ReferenceNetwork:
    """LeNet-300-100 trained on ``small_data`` for a second."""
    return train_reference(description("lenet_300_100"), small_data(), SMALL_REFERENCE)


def write_idx_folder(folder: Path, images: ImageSet, *, gzipped: bool = False) -> Path:
    """Write the four IDX files of ``images`` into ``folder``, made where missing; return it.

    ``data=idx data.dir=FOLDER data.num_validation=500`` reads ``small_images`` back as
    ``small_data``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for field, name in FILE_NAMES.items():
        content = write_idx(getattr(images, field))
        if gzipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, compresslevel=1))
        else:
            (folder / name).write_bytes(content)
    return folder
