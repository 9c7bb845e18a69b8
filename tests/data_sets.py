"""Data sets and reference networks that tests share: real MNIST, and a problem learnt in a second.

Each is made once a process; nothing may be written into what these functions return.
"""

import gzip
import os
import pickle
from functools import cache
from pathlib import Path

import numpy as np
import torch

from core.compress import CompressConfig, compress
from core.data import Data, DataConfig, load_data
from core.data.cifar import TEST_BATCH, TRAIN_BATCHES
from core.data.idx import FILE_NAMES, ImageSet, write_idx
from core.data.load import split_images
from core.networks import NetworkConfig, description
from core.outcome import CompressionOutcome
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.reference import (
    ReferenceConfig,
    ReferenceNetwork,
    load_or_train_reference,
    train_reference,
)
from core.retraining import RetrainConfig

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


@cache
def small_colour_images() -> ImageSet:
    """Noise in the shape of CIFAR-10: five batches of ten images to train, ten images to test."""
    random = np.random.default_rng(0)
    return ImageSet(
        train_images=random.integers(0, 256, (50, 3, 32, 32), np.uint8),
        train_labels=np.arange(50, dtype=np.uint8) % 10,
        test_images=random.integers(0, 256, (10, 3, 32, 32), np.uint8),
        test_labels=np.arange(10, dtype=np.uint8),
    )


def write_cifar_folder(folder: Path, form: str) -> Path:
    """Write ``small_colour_images`` as CIFAR-10 is published, ``binary`` or ``python``."""
    folder.mkdir(parents=True, exist_ok=True)
    images = small_colour_images()
    pixels = np.concatenate([images.train_images, images.test_images]).reshape(6, 10, 3072)
    labels = np.concatenate([images.train_labels, images.test_labels]).reshape(6, 10)
    for name, values, classes in zip((*TRAIN_BATCHES, TEST_BATCH), pixels, labels, strict=True):
        if form == "binary":
            rows = np.concatenate([classes[:, None], values], axis=1)
            (folder / f"{name}.bin").write_bytes(rows.tobytes())
        else:
            (folder / name).write_bytes(_python_2_batch(values, classes))
    return folder


def _python_2_batch(values: np.ndarray, classes: np.ndarray) -> bytes:
    """The pickle that Python 2 would write: protocol 2, texts for bytes, an old NumPy's names."""
    header = (
        b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        b"U\x01b\x87R(K\x01M%bM\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T%b"
    ) % (len(values).to_bytes(2, "little"), values.size.to_bytes(4, "little"))
    rest = b"tbU\x06labels" + pickle.dumps(classes.tolist(), 2)[2:-1] + b"u."
    return header + values.tobytes() + rest


@cache
def small_outcome() -> CompressionOutcome:
    """A real compression of a second."""
    config = CompressConfig(
        prior=PriorConfig(num_components=5),
        retrain=RetrainConfig(num_epochs=4, batch_size=128, tau=0.05, stop_hopeless=False),
        post_processing=PostProcessingConfig(fine_tuning_epochs=2, rate_weight=0.0),
    )
    return compress(small_reference(), small_data(), config)
