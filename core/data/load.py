"""From a ``DataConfig`` to the tensors of the three splits."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from core.data.cifar import read_cifar_10
from core.data.config import DataConfig, DataSource
from core.data.data_set import Data, Split
from core.data.idx import FILE_NAMES, ImageSet, read_folder, write_idx
from core.data.image_folder import read_image_folder
from core.data.mnist import cached_mnist, local_mnist
from core.data.own import own_data
from core.errors import DataError, require
from core.factories import CodeConfig, find_factory
from core.metric import CLASSIFICATION, Metric


def load_data(
    config: DataConfig,
    cache_dir: Path,
    code: CodeConfig | None = None,
    metric: Metric = CLASSIFICATION,
) -> Data:
    """Load the data set of ``config`` into memory, fetching it into ``cache_dir`` where need be.

    Args:
        config: which data set.
        cache_dir: where what is fetched is kept.
        code: what of the operator's code a factory may come from; nothing by default.
        metric: what networks are judged by on it.

    Raises:
        DataError: a file is missing or corrupt, or MNIST cannot be fetched; or a factory's data
            do not fit each other.
        ConfigError: ``data.num_validation`` leaves nothing to train on; or the factory is not
            allowed, or raises something.
    """
    if config.factory is not None:
        parts = find_factory(config.factory, "data.factory", code or CodeConfig())()
        return own_data(config.factory.partition(":")[2], parts, config.num_validation, metric)
    return _known_data(config, cache_dir).judged_by(metric)


def _known_data(config: DataConfig, cache_dir: Path) -> Data:
    folder = None if config.dir is None else Path(config.dir).expanduser()
    if config.source is DataSource.mnist:
        images = cached_mnist(cache_dir.expanduser()) if folder is None else local_mnist(folder)
        return split_images("mnist", images, config.num_validation)
    if folder is None:
        raise DataError(f"data.source={config.source.value} needs a folder; set data.dir=FOLDER")
    if config.source is DataSource.image_folder:
        return read_image_folder(folder, config.num_validation)
    if config.source is DataSource.cifar10:
        return split_images("cifar10", read_cifar_10(folder), config.num_validation)
    return split_images(folder.resolve().name, read_folder(folder), config.num_validation)


def split_images(name: str, images: ImageSet, num_validation: int) -> Data:
    """Split off the last ``num_validation`` training images and scale all values to [0, 1].

    Raises:
        ConfigError: ``num_validation`` is not below the number of training images.
    """
    num_train = len(images.train_labels) - num_validation
    require(
        num_train >= 1,
        "data.num_validation",
        f"below the {len(images.train_labels)} training images of {name}",
        num_validation,
    )
    inputs, labels = _as_inputs(images.train_images), _as_labels(images.train_labels)
    return Data(
        name=name,
        train=Split(inputs=inputs[:num_train], labels=labels[:num_train]),
        validation=Split(inputs=inputs[num_train:], labels=labels[num_train:]),
        test=Split(inputs=_as_inputs(images.test_images), labels=_as_labels(images.test_labels)),
        num_classes=int(images.train_labels.max()) + 1,
        fingerprint=_fingerprint(images, num_validation),
    )


def _as_inputs(
    images: UInt8[np.ndarray, "images *channels height width"],
) -> Float32[Tensor, "images channels height width"]:
    inputs = torch.from_numpy(images.astype(np.float32)).div_(255)
    return inputs.unsqueeze(1) if images.ndim == 3 else inputs


def _as_labels(labels: UInt8[np.ndarray, " images"]) -> Int64[Tensor, " images"]:
    return torch.from_numpy(labels.astype(np.int64))


def _fingerprint(images: ImageSet, num_validation: int) -> str:
    digest = hashlib.sha256(f"validation={num_validation}\n".encode())
    for field in FILE_NAMES:
        digest.update(write_idx(getattr(images, field)))
    return digest.hexdigest()
