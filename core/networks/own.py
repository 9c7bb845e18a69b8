"""A network that nobody here knows: anybody's module, made ready to be compressed.

What belongs to a training is taken off a copy, never off the module itself: dropout, sparse
gradients, frozen parameters, and parametrisations, of which only the tensor is left that they
compute.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from core.errors import ConfigError
from core.networks.description import NetworkDescription
from core.networks.parametrisations import unparametrise
from core.networks.treatment import STANDARD, Treatment


def own_network(
    name: str,
    make: Callable[[], nn.Module],
    input_shape: tuple[int, ...],
    num_classes: int,
    treatment: Treatment = STANDARD,
) -> NetworkDescription:
    """Describe a network by what makes it.

    Args:
        name: what compressed files call it.
        make: returns a new module at every call, its weights of no matter. Torch's global
            generators are left as they were.
        input_shape: shape of one input, without the batch.
        num_classes: classes of its labels.
        treatment: which of its tensors are clustered.
    """

    def build() -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            return plain(make())

    return NetworkDescription(
        name=name,
        build=build,
        input_shape=input_shape,
        num_classes=num_classes,
        treatment=treatment,
        source="its owner",
    )


def plain(network: nn.Module) -> nn.Module:
    """Take off a network, in place, what belongs to its training; return it on the processor.

    Raises:
        ConfigError: it is no module, or it has parameters that cannot be compressed.
    """
    if not isinstance(network, nn.Module):
        raise ConfigError(
            f"the network must be a torch.nn.Module, but is a {type(network).__name__}"
        )
    check_state(network)
    unparametrise(network)
    for module in network.modules():
        if isinstance(module, _DropoutNd):
            module.p = 0.0
        elif isinstance(module, nn.MultiheadAttention | nn.RNNBase):
            module.dropout = 0.0
        elif isinstance(module, nn.Embedding | nn.EmbeddingBag):
            module.sparse = False
    network = network.cpu()
    if any(t.is_floating_point() and t.dtype != torch.float32 for t in _tensors(network)):
        network = network.float()
    check_apart(network)
    return network.requires_grad_(True)


def check_state(network: nn.Module) -> None:
    """Check that all of a network's state is tensors, and its parameters are real numbers.

    Raises:
        ConfigError: something is not.
    """
    for name, tensor in network.state_dict(keep_vars=True).items():
        if isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer):
            raise ConfigError(
                f"the network must know its shapes, but {name} waits for a first input; let its "
                "factory run it once"
            )
        if not isinstance(tensor, Tensor):
            raise ConfigError(
                f"the network's state must be tensors, but {name} is a {type(tensor).__name__}"
            )
        if tensor.is_complex() or (
            isinstance(tensor, nn.Parameter) and not tensor.is_floating_point()
        ):
            raise ConfigError(
                f"the network's parameters must be real floating-point numbers, but {name} is "
                f"{str(tensor.dtype).removeprefix('torch.')}; make it a buffer if it is no weight, "
                "or compress a network with real weights"
            )
        is_counter = name.endswith("num_batches_tracked")
        if not (tensor.is_floating_point() or is_counter or torch.equal(tensor, _stored(tensor))):
            raise ConfigError(
                f"the network's whole numbers must lie within ±2**24, but those of {name} do not"
            )


def check_apart(network: nn.Module) -> None:
    """Check that parameters share all of their memory, being one, or none of it.

    Raises:
        ConfigError: two parameters overlap.
    """
    places = sorted(
        (p.data_ptr(), p.data_ptr() + p.numel() * p.element_size(), name)
        for name, p in network.named_parameters()
        if p.numel() > 0
    )
    for (_, end, name), (start, _, next_name) in pairwise(places):
        if start < end:
            raise ConfigError(
                f"the network's parameters must be one object where they are one tensor, but "
                f"{name} and {next_name} are two that share memory; assign the one to the other"
            )


def _stored(tensor: Tensor) -> Tensor:
    """Return whole numbers as a file's 32-bit floats give them back."""
    return tensor.float().to(tensor.dtype)


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    yield from network.parameters()
    yield from network.buffers()
