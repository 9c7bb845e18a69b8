"""One training of each student on a machine, however many processes ask for it."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from core.data import Data
from core.factories import CodeConfig, find_factory
from core.networks import NetworkDescription, description, own_network
from core.reference import (
    OnReferenceEpoch,
    ReferenceNetwork,
    require_better_than_chance,
    trained_once,
)
from core.student.config import StudentConfig
from core.student.distil import distil

_FORMAT_VERSION = 1


def describe_student(config: StudentConfig, data: Data, code: CodeConfig) -> NetworkDescription:
    """Return the description of the student that a configuration names.

    Args:
        config: names a student.
        data: what it is fed.
        code: what of the operator's code a factory may come from.

    Raises:
        ConfigError: the factory is not allowed or cannot be found.
    """
    assert config.name is not None
    if config.factory is None:
        return description(config.name, "student.name")
    return own_network(
        config.name,
        find_factory(config.factory, "student.factory", code),
        tuple(data.train.inputs.shape[1:]),
        data.num_classes,
    )


def load_or_train_student(
    teacher: ReferenceNetwork,
    data: Data,
    config: StudentConfig,
    cache_dir: Path,
    on_epoch: OnReferenceEpoch | None = None,
    code: CodeConfig | None = None,
    described: NetworkDescription | None = None,
) -> ReferenceNetwork | None:
    """Return the student of a configuration, None where that names none.

    One of the registry is trained once for each teacher, data and settings, and kept in the cache;
    one that a factory makes is trained anew, for nobody knows whether the factory has changed.

    Args:
        teacher: the reference network.
        data: what both are for.
        config: which student, and how it learns.
        cache_dir: the folder ``references`` in it is the cache.
        on_epoch: called after each epoch; not called where nothing is trained.
        code: what of the operator's code a factory may come from; nothing by default.
        described: how a student is built that was given in Python.

    Raises:
        ConfigError: the factory is refused, or the student does not answer as the teacher does.
        DataError: the cache cannot be written.
        RetrainError: the student is no better than chance; it is not kept.
    """
    if config.name is None:
        return None
    student = described or describe_student(config, data, code or CodeConfig())

    def train() -> ReferenceNetwork:
        trained = distil(teacher, student, data, config, on_epoch)
        if data.metric.evaluate is None:
            require_better_than_chance(trained, data, "student")
        return trained

    if config.factory is not None or data.metric.evaluate is not None:
        return train()
    return trained_once(_path(teacher, data, config, cache_dir.expanduser()), train)


def _path(teacher: ReferenceNetwork, data: Data, config: StudentConfig, cache_dir: Path) -> Path:
    settings = asdict(config)
    for name in ("compressed", "units"):  # what comes after the training
        del settings[name]
    key = {
        "teacher": hashlib.sha256(teacher.to_bytes()).hexdigest(),
        "data": data.fingerprint,
        "config": settings,
        "format_version": _FORMAT_VERSION,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return cache_dir / "references" / f"{config.name}-student-{digest[:16]}.safetensors"
