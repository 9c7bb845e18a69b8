"""One training of each reference network on a machine, however many processes ask for it."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.caching import locked, write_atomically
from core.data import Data
from core.errors import ConfigError, DataError
from core.evaluation import error
from core.factories import CodeConfig
from core.metric import CLASSIFICATION
from core.networks import STANDARD, NetworkConfig, NetworkDescription
from core.reference.chance import require_better_than_chance, require_right_direction
from core.reference.config import ReferenceConfig
from core.reference.epochs import OnReferenceEpoch
from core.reference.network import FORMAT_VERSION, ReferenceNetwork
from core.reference.own import check_on, describe_network, reference_from_checkpoint
from core.reference.training import train_reference

_SWITCHES = ("weight_decay", "augment_shift", "augment_flip", "bfloat16")

_logger = logging.getLogger(__name__)


def load_or_train_reference(
    network: NetworkConfig,
    data: Data,
    config: ReferenceConfig,
    cache_dir: Path,
    on_epoch: OnReferenceEpoch | None = None,
    code: CodeConfig | None = None,
) -> ReferenceNetwork:
    """Return the reference network from the cache, after training it where it is missing there.

    One's own network comes from its checkpoint and is not trained. The cache knows a network by
    name, data and settings together. A damaged file is replaced by a new training. Processes that
    ask at once wait for one of them to train.

    Args:
        network: which network.
        data: what it is trained and measured on.
        config: how it is trained.
        cache_dir: the folder ``references`` in it is the cache.
        on_epoch: called after each epoch with the epochs done, all epochs and the validation
            error; not called where nothing is trained.
        code: what of the operator's code a factory may come from; nothing by default.

    Raises:
        ConfigError: the network does not take the inputs or the classes of ``data``, or its
            factory or a pattern of its tensors is refused.
        DataError: the cache cannot be written.
        RetrainError: the network is no better than chance; it is not kept.
    """
    code = code or CodeConfig()
    if network.factory is not None:
        return reference_from_checkpoint(network, data, code)
    described = describe_network(network, data, code)
    _require_fit(described, data)
    judged = data.judged_by(CLASSIFICATION)  # the cache holds errors by no other metric

    def train() -> ReferenceNetwork:
        trained = train_reference(described, judged, config, on_epoch)
        require_better_than_chance(trained, judged)
        return trained

    reference = trained_once(cached_path(described.name, judged, config, cache_dir), train)
    described.treatment.groups_of(reference.build())
    if network.treatment != STANDARD:
        reference = replace(reference, described=described)
    return reference if data.metric.evaluate is None else _judged(reference, data)


def _judged(reference: ReferenceNetwork, data: Data) -> ReferenceNetwork:
    """Return a reference network with its errors by the data's own metric."""
    network = reference.build(data.validation.inputs.device)
    check_on(network, data)
    reference = replace(
        reference,
        validation_error=error(network, data.validation),
        test_error=error(network, data.test),
    )
    require_right_direction(reference, data)
    return reference


def trained_once(path: Path, train: Callable[[], ReferenceNetwork]) -> ReferenceNetwork:
    """Return a network of the registry from a file, after training it where that is missing.

    A damaged file is replaced. Processes that ask at once wait for one of them to train.

    Args:
        path: the file.
        train: trains the network; what it raises leaves no file.

    Raises:
        DataError: the file cannot be written.
    """
    if (cached := _read(path)) is not None:
        return cached
    with locked(path.with_suffix(".lock")):
        if (cached := _read(path)) is not None:
            return cached
        trained = train()
        write_atomically(path, trained.to_bytes())
    return trained


def cached_path(network: str, data: Data, config: ReferenceConfig, cache_dir: Path) -> Path:
    """Return the file of a reference network in the cache, whether it is there or not.

    Args:
        network: its name in the registry.
        data: what it is trained on.
        config: how it is trained.
        cache_dir: the folder ``references`` in it is the cache.
    """
    key = {
        "network": network,
        "data": data.fingerprint,
        "config": _settings(config),
        "format_version": FORMAT_VERSION,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return cache_dir.expanduser() / "references" / f"{network}-{digest[:16]}.safetensors"


def _settings(config: ReferenceConfig) -> dict[str, Any]:
    """Return what decides a training, without the switches that are off.

    So the networks of a cache stay known when the configuration learns of something new.
    """
    settings = asdict(config)
    noise = config.information_dropout
    settings["information_dropout"] = [noise.beta, noise.prior.value, noise.max_alpha]
    if noise.beta == 0:
        del settings["information_dropout"]
    return {k: v for k, v in settings.items() if v or k not in _SWITCHES}


def _read(path: Path) -> ReferenceNetwork | None:
    try:
        return ReferenceNetwork.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, DataError) as error:
        _logger.warning("%s is replaced by a new training: %s", path, error)
        return None


def _require_fit(network: NetworkDescription, data: Data) -> None:
    if not data.train.are_classes:
        raise ConfigError(
            f"model.name must be a network for the labels of {data.name}, but {network.name} is "
            "for classes, and they are none; give a network of your own with model.factory"
        )
    shape = tuple(data.train.inputs.shape[1:])
    if shape != network.input_shape or data.num_classes > network.num_classes:
        raise ConfigError(
            f"model.name must be a network for the inputs {_times(shape)} and {data.num_classes} "
            f"classes of {data.name}, but got {network.name}, which takes "
            f"{_times(network.input_shape)} and knows {network.num_classes} classes; choose "
            "another model or other data"
        )


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
