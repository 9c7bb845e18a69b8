"""One training of each reference network on a machine, however many processes ask for it."""

import hashlib
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.caching import locked, write_atomically
from core.data import Data
from core.errors import ConfigError, DataError
from core.networks import NetworkConfig, NetworkDescription, description
from core.reference.chance import require_better_than_chance
from core.reference.config import ReferenceConfig
from core.reference.network import FORMAT_VERSION, ReferenceNetwork
from core.reference.training import OnReferenceEpoch, train_reference

_SWITCHES = ("weight_decay", "augment_shift", "augment_flip", "bfloat16")

_logger = logging.getLogger(__name__)


def load_or_train_reference(
    network: NetworkConfig,
    data: Data,
    config: ReferenceConfig,
    cache_dir: Path,
    on_epoch: OnReferenceEpoch | None = None,
) -> ReferenceNetwork:
    """Return the reference network from the cache, after training it where it is missing there.

    The cache knows it by network, data and settings together. A damaged file is replaced by a new
    training. Processes that ask at once wait for one of them to train.

    Args:
        network: which network.
        data: what it is trained and measured on.
        config: how it is trained.
        cache_dir: the folder ``references`` in it is the cache.
        on_epoch: called after each epoch with the epochs done, all epochs and the validation
            error; not called where nothing is trained.

    Raises:
        ConfigError: the network does not take the images or the classes of ``data``.
        DataError: the cache cannot be written.
        RetrainError: the network is no better than chance; it is not kept.
    """
    described = description(network.name)
    _require_fit(described, data)
    path = _path(described, data, config, cache_dir.expanduser())
    if (cached := _read(path)) is not None:
        return cached
    with locked(path.with_suffix(".lock")):
        if (cached := _read(path)) is not None:
            return cached
        trained = train_reference(described, data, config, on_epoch)
        require_better_than_chance(trained, data)
        write_atomically(path, trained.to_bytes())
    return trained


def _path(
    network: NetworkDescription, data: Data, config: ReferenceConfig, cache_dir: Path
) -> Path:
    key = {
        "network": network.name,
        "data": data.fingerprint,
        "config": _settings(config),
        "format_version": FORMAT_VERSION,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return cache_dir / "references" / f"{network.name}-{digest[:16]}.safetensors"


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
