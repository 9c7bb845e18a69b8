"""Where noise on the weights of a network goes: to the outputs of layers, or into the weights.

The outputs of a linear layer or convolution can have the noise of its weights by local
reparameterisation, which has less variance (``core.methods.noise``). That is so where a weight does
nothing but what its layer's own call does: not in attention, which takes a layer's weight without
calling the layer, not in recurrent layers and embeddings, and not where two layers share a weight.
"""

from collections import Counter

import torch
from torch import Tensor, nn

from core.networks.convolution import Conv2d
from core.retraining import FlatWeights

_KNOWN = (nn.Linear, nn.Conv2d, Conv2d)


def weight_layers(
    network: nn.Module, weights: FlatWeights, inputs: Tensor
) -> list[nn.Module | None]:
    """Return the layer whose outputs have the noise of each clustered tensor, in their order.

    Args:
        network: what the tensors are of; left in evaluation mode.
        weights: the tensors.
        inputs: a few examples, to see which layers are called.

    Returns:
        None for each tensor that the noise must be drawn for itself.
    """
    holders = Counter(id(p) for _, p in network.named_parameters(remove_duplicate=False))
    called = _called(network, inputs)
    layers: list[nn.Module | None] = []
    for name in weights.names:
        path, _, attribute = name.rpartition(".")
        module = network.get_submodule(path)
        is_local = (
            type(module) in _KNOWN  # a subclass may compute something else
            and attribute == "weight"
            and module in called
            and holders[id(module.weight)] == 1
            and not _pads_otherwise(module)
        )
        layers.append(module if is_local else None)
    return layers


def _pads_otherwise(module: nn.Module) -> bool:
    """Return whether a layer does more about borders than add a given number of zeros."""
    return isinstance(module, nn.Conv2d) and (
        isinstance(module.padding, str) or module.padding_mode != "zeros"
    )


def _called(network: nn.Module, inputs: Tensor) -> set[nn.Module]:
    """Return the modules whose own call is part of the network's."""
    called: set[nn.Module] = set()
    handles = [
        module.register_forward_pre_hook(lambda module, _inputs: called.add(module))
        for module in network.modules()
        if type(module) in _KNOWN
    ]
    try:
        with torch.no_grad():
            network.eval()(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return called
