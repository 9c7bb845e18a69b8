"""A data set that nobody here knows: arrays, tensors or torch's data sets, brought into memory."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from core.data.data_set import Data, Split
from core.errors import DataError, require
from core.metric import CLASSIFICATION, Metric

PARTS = ("train", "validation", "test")


def own_data(
    name: str, parts: object, num_validation: int, metric: Metric = CLASSIFICATION
) -> Data:
    """Return somebody's data in three parts.

    Args:
        name: what messages call it.
        parts: the parts for training, validation and test, in this order or by these names; or
            only those for training and test, the first of which then gives its last examples to
            validation. Each is a pair of inputs and labels (arrays or tensors), a data set of
            torch's whose items are such pairs, or a loader of one.
        num_validation: examples that are split off where there are but two parts.
        metric: what a network is judged by; one's own allows other labels than classes.

    Raises:
        DataError: they are no such parts, or inputs and labels do not fit.
        ConfigError: ``num_validation`` leaves nothing to train on.
    """
    splits = [
        own_split(part, f"{name}'s part {key}", metric) for key, part in _named(name, parts).items()
    ]
    if len(splits) < len(PARTS):
        whole, test = splits
        num_train = len(whole) - num_validation
        rule = f"below the {len(whole)} training examples of {name}"
        require(num_train >= 1, "data.num_validation", rule, num_validation)
        inputs, labels = whole.inputs, whole.labels
        train = replace(whole, inputs=inputs[:num_train], labels=labels[:num_train])
        held_out = replace(whole, inputs=inputs[num_train:], labels=labels[num_train:])
        splits = [train, held_out, test]
    return data_of(name, *splits)


def data_of(name: str, train: Split, validation: Split, test: Split) -> Data:
    """Return three parts as one data set.

    Raises:
        DataError: their inputs or labels differ in shape or kind.
    """
    for key, part in zip(PARTS[1:], (validation, test), strict=True):
        for kind in ("inputs", "labels"):
            ours, theirs = getattr(train, kind), getattr(part, kind)
            if theirs.shape[1:] != ours.shape[1:] or theirs.dtype != ours.dtype:
                raise DataError(
                    f"the {kind} of {name} must be alike, but those of train are {_form(ours)} and "
                    f"those of {key} {_form(theirs)}"
                )
    splits = (train, validation, test)
    return Data(
        name=name,
        train=train,
        validation=validation,
        test=test,
        num_classes=1 + max(int(s.labels.max()) for s in splits) if train.are_classes else 0,
        fingerprint=_fingerprint(splits),
    )


def own_split(examples: object, source: str, metric: Metric = CLASSIFICATION) -> Split:
    """Return one part of somebody's data as tensors in memory.

    Args:
        examples: a pair of inputs and labels, a data set of such pairs, or a loader of one.
        source: how an error names them.
        metric: what a network is judged by; one's own allows other labels than classes.

    Raises:
        DataError: they are no such thing, empty, or inputs and labels disagree.
    """
    if isinstance(examples, Split):
        return replace(examples, metric=metric)
    if isinstance(examples, DataLoader):
        examples = examples.dataset
    if isinstance(examples, Dataset):
        examples = _stacked(examples, source)
    if not isinstance(examples, Sequence) or len(examples) != 2:
        raise DataError(
            f"{source} must be a pair of inputs and labels, or a torch data set of such pairs, but "
            f"is a {type(examples).__name__}"
        )
    inputs, labels = (_tensor(values, source) for values in examples)
    if inputs.dim() == 0 or labels.dim() == 0 or len(inputs) != len(labels) or len(inputs) == 0:
        raise DataError(
            f"{source} must hold one label for each of at least one input, but its inputs are "
            f"{_form(inputs)} and its labels {_form(labels)}"
        )
    return Split(
        inputs=_as_inputs(inputs, source), labels=_as_labels(labels, source, metric), metric=metric
    )


def _named(name: str, parts: object) -> dict[str, Any]:
    if isinstance(parts, Mapping):
        names = [key for key in PARTS if key in parts]
        if set(parts) == set(names) and {"train", "test"} <= set(names):
            return {key: parts[key] for key in names}
    elif isinstance(parts, Sequence) and len(parts) in (2, 3):
        return dict(zip(PARTS if len(parts) == 3 else ("train", "test"), parts, strict=True))
    found = list(parts) if isinstance(parts, Mapping) else f"a {type(parts).__name__}"
    raise DataError(
        f"{name} must be (train, validation, test) or (train, test), or a dict with these names, "
        f"but is {found}"
    )


def _stacked(examples: Dataset[Any], source: str) -> tuple[Tensor, Tensor]:
    if not hasattr(examples, "__len__"):
        raise DataError(f"{source} must know how many examples it has, but is a stream of them")
    pairs = [examples[index] for index in range(len(examples))]
    if not pairs or not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
        raise DataError(f"{source} must hold pairs of an input and a label, at least one")
    try:
        inputs = torch.stack([torch.as_tensor(np.asarray(given)) for given, _ in pairs])
        labels = torch.stack([torch.as_tensor(np.asarray(label)) for _, label in pairs])
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{source} must hold inputs of one shape, but {reason}") from error
    return inputs, labels


def _tensor(values: object, source: str) -> Tensor:
    try:
        tensor = values if isinstance(values, Tensor) else torch.as_tensor(np.asarray(values))
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{source} must be arrays of numbers, but {error}") from error
    return tensor.detach().cpu().contiguous()


def _as_inputs(inputs: Tensor, source: str) -> Shaped[Tensor, "examples *values"]:
    """Return inputs as networks take them: floats in 32 bits, whole numbers in 64."""
    if inputs.is_complex() or inputs.dtype == torch.bool:
        raise DataError(f"the inputs of {source} must be numbers, but are {_form(inputs)}")
    if not inputs.is_floating_point():
        return inputs.long()
    inputs = inputs.float()
    if not bool(inputs.isfinite().all()):
        raise DataError(f"the inputs of {source} must be finite, but some are not")
    return inputs


def _as_labels(labels: Tensor, source: str, metric: Metric) -> Shaped[Tensor, "examples *answers"]:
    rule = f"the labels of {source} must be one class from 0 for each input"
    if labels.is_floating_point() and metric.evaluate is not None:
        labels = labels.float()
        if not bool(labels.isfinite().all()):
            raise DataError(f"the labels of {source} must be finite, but some are not")
        return labels
    if labels.is_complex() or (metric.evaluate is None and labels.is_floating_point()):
        raise DataError(f"{rule}, but are {_form(labels)}; judge other answers by metric.factory")
    if labels.dim() != 1 and metric.evaluate is None:
        raise DataError(f"{rule}, but are {_form(labels)}")
    labels = labels.long()
    if labels.dim() == 1 and int(labels.min()) < 0:
        raise DataError(f"{rule}, but the lowest is {int(labels.min())}")
    return labels


def _form(tensor: Tensor) -> str:
    shape = "x".join(map(str, tensor.shape)) or "a scalar"
    return f"{shape} of {str(tensor.dtype).removeprefix('torch.')}"


def _fingerprint(splits: Sequence[Split]) -> str:
    digest = hashlib.sha256(b"own data\n")
    for split in splits:
        for tensor in (split.inputs, split.labels):
            digest.update(f"{_form(tensor)}\n".encode())
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
