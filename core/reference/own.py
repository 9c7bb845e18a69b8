"""A reference network that somebody else trained: made to fit, measured, never trained here."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from core.data import Data
from core.errors import ConfigError, DataError
from core.factories import CodeConfig, explaining, find_factory
from core.metric import check_loss
from core.networks import (
    STANDARD,
    NetworkConfig,
    NetworkDescription,
    description,
    load_state,
    own_network,
    state_of,
)
from core.networks.own import check_state, plain
from core.reference.chance import require_better_than_chance, require_right_direction
from core.reference.measured import measured_network
from core.reference.network import ReferenceNetwork
from core.reference.weights_file import read_weights

PROBED = 8
"""Validation examples that a network is tried on."""


def describe_network(config: NetworkConfig, data: Data, code: CodeConfig) -> NetworkDescription:
    """Return the description of the network that a configuration names.

    Args:
        config: the network.
        data: what it is fed.
        code: what of the operator's code a factory may come from.

    Raises:
        ConfigError: the factory is not allowed or cannot be found.
    """
    if config.factory is None:
        known = description(config.name)
        same = config.treatment == STANDARD
        return known if same else replace(known, treatment=config.treatment)
    return own_network(
        config.name,
        find_factory(config.factory, "model.factory", code),
        tuple(data.train.inputs.shape[1:]),
        data.num_classes,
        config.treatment,
    )


def reference_from_checkpoint(
    config: NetworkConfig, data: Data, code: CodeConfig
) -> ReferenceNetwork:
    """Return the network that a factory makes with the weights of a checkpoint.

    Raises:
        ConfigError: there is no checkpoint, the factory is not allowed or raises, or its network
            cannot be compressed or does not fit the data.
        DataError: the checkpoint cannot be read or does not fit the network.
        RetrainError: the network is no better than chance.
    """
    assert config.factory is not None
    if config.checkpoint is None:
        raise ConfigError(
            "model.checkpoint must be the file with the trained weights of model.factory's "
            "network, but got null; write it with torch.save(network.state_dict(), 'net.pt')"
        )
    path = Path(config.checkpoint).expanduser()
    state = read_weights(path)
    with torch.random.fork_rng(devices=[]):
        network = find_factory(config.factory, "model.factory", code)()
    if not isinstance(network, nn.Module):
        raise ConfigError(
            f"model.factory must return a torch.nn.Module, but {config.factory} returned a "
            f"{type(network).__name__}"
        )
    check_state(network)
    try:
        load_state(network, state)
    except (ValueError, RuntimeError) as mismatch:
        reason = " ".join(str(mismatch).split())
        raise DataError(
            f"model.checkpoint must hold the tensors of the network that {config.factory} makes, "
            f"but of those in {path}: {reason}"
        ) from mismatch
    return own_reference(describe_network(config, data, code), state_of(plain(network)), data)


def own_reference(
    described: NetworkDescription, state: Mapping[str, Tensor], data: Data
) -> ReferenceNetwork:
    """Measure a trained network, after trying whether it can be compressed on this data.

    Args:
        described: the network.
        state: its weights, on the processor; copied.
        data: what it was trained for, on the device that is to compute.

    Raises:
        ConfigError: it does not take the inputs, its outputs are not the classes', its forward
            pass changes its weights, a pattern of its treatment fits no tensor, or metric or loss
            do not fit.
        RetrainError: it is no better than chance, or an output is not finite.
    """
    network = described.build()
    load_state(network, state)
    described.treatment.groups_of(network)
    network = network.to(data.train.inputs.device)
    check_on(network, data)
    reference = measured_network(described.name, network, data, described)
    if data.metric.evaluate is None:
        require_better_than_chance(reference, data)
    else:
        require_right_direction(reference, data)
    return reference


def check_on(network: nn.Module, data: Data, group: str = "model") -> None:
    """Try a network on a few examples; its state is left as it was.

    Args:
        network: the network, where the data lie.
        data: what it is to be used on.
        group: configuration group that names it, to name a mistake by.

    Raises:
        ConfigError: it raises something, its outputs are not what the labels ask for, differ from
            one time to the next, or its weights change; or a loss of one's own cannot be used.
    """
    inputs = data.validation.inputs[:PROBED]
    before = {name: tensor.clone() for name, tensor in state_of(network).items()}
    with torch.random.fork_rng(), torch.no_grad():
        network.eval()
        outputs = _outputs(network, inputs, data, group)
        if data.metric.loss is not None:
            check_loss(data.metric, outputs, data.validation.labels[:PROBED])
        again = network(inputs)
        _require_unchanged(network, before, "evaluation")
        if not torch.equal(outputs.nan_to_num(), again.nan_to_num()):
            raise ConfigError(
                "the network must answer one input in one way, but its outputs differ from one "
                "evaluation to the next; let it draw nothing at random in eval()"
            )
        network.train()
        _outputs(network, inputs, data, group)
        parameters = {name for name, _ in network.named_parameters()}
        _require_unchanged(
            network, {n: t for n, t in before.items() if n in parameters}, "training"
        )
        load_state(network, before)
        network.eval()


def _outputs(network: nn.Module, inputs: Tensor, data: Data, group: str) -> Tensor:
    """Return what a network answers, if that is one number for each class or each label's."""
    shape = "x".join(map(str, inputs.shape))
    with explaining(
        f"data and {group} must fit", f"the network on inputs of {shape} of {data.name}"
    ):
        outputs = network(inputs)
    if not isinstance(outputs, Tensor):
        raise ConfigError(
            f"the network must return a tensor, but returns a {type(outputs).__name__}; let the "
            "factory wrap it in a module that returns the class scores alone"
        )
    if not data.validation.are_classes:
        _require_answers(outputs, inputs, data)
        return outputs
    if outputs.dim() != 2 or len(outputs) != len(inputs) or outputs.shape[1] < data.num_classes:
        raise ConfigError(
            f"the network must return one score for each of the {data.num_classes} classes of "
            f"{data.name}, {len(inputs)}x{data.num_classes} for {len(inputs)} inputs, but returns "
            f"{'x'.join(map(str, outputs.shape))}; choose another {group} or other data"
        )
    return outputs


def _require_answers(outputs: Tensor, inputs: Tensor, data: Data) -> None:
    """Check that outputs are as many numbers as labels, unless a loss of one's own sees to that."""
    wanted = (len(inputs), *data.validation.labels.shape[1:])
    fit = outputs.shape[:1] == wanted[:1] and outputs.is_floating_point()
    if not fit or (data.metric.loss is None and outputs.shape != wanted):
        raise ConfigError(
            f"the network must return a number for each of those in the labels of {data.name}, "
            f"{'x'.join(map(str, wanted))} for {len(inputs)} inputs, but returns "
            f"{'x'.join(map(str, outputs.shape)) or 'a scalar'}; give labels in the shape of the "
            "outputs, or metric.loss"
        )


def _require_unchanged(network: nn.Module, before: Mapping[str, Tensor], mode: str) -> None:
    now = state_of(network)
    for name, tensor in before.items():
        if not torch.equal(now[name].nan_to_num(), tensor.nan_to_num()):
            raise ConfigError(
                f"the network must not change its weights when it is used, but its forward pass in "
                f"{mode} changes {name}; such a network cannot be compressed"
            )
