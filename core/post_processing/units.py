"""Units that carry nothing are removed before coding, the others put in an order that codes well.

A hidden unit (a row of a weight matrix, a filter of a convolution) feeds the next layer of its
chain only. Without outputs nothing of it is needed; without inputs it is a constant, which moves
into the next layer's biases; and so does the bias of any unit between which and the next layer
nothing bends. The units of a layer may stand in any order. None of this changes what the network
computes, but for rounding.
"""

import itertools
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.post_processing.quantisation import QuantisedTensor

PROBES = 4  # inputs on which the layers between two links are watched
TOLERANCE = 1e-5  # relative to the largest value: a sum in another order differs by so much


@dataclass(frozen=True)
class Link:
    """Two weight layers, the second fed by the units of the first alone.

    Attributes:
        network: the network they are part of, in evaluation mode.
        name, next_name: the layers' names in it.
        tensor, next_tensor: their quantised weights.
    """

    network: nn.Module
    name: str
    next_name: str
    tensor: QuantisedTensor
    next_tensor: QuantisedTensor

    @property
    def bias(self) -> Tensor | None:
        """Biases of the first layer, one a unit."""
        return _bias(self.network, self.name)

    @property
    def next_bias(self) -> Tensor | None:
        """Biases of the second layer."""
        return _bias(self.network, self.next_name)

    @property
    def incoming(self) -> Tensor:
        """Indices of the weights into the units, ``[units, inputs]``; a view."""
        return self.tensor.indices.view(len(self.tensor.indices), -1)

    @property
    def outgoing(self) -> Tensor:
        """Indices of the weights out of the units, ``[units, outputs, places]``."""
        indices = self.next_tensor.indices
        units = len(self.tensor.indices)
        return indices.reshape(len(indices), units, -1).transpose(0, 1)

    @property
    def pads(self) -> bool:
        """Whether the second layer sees zeros around its input, where a constant would end."""
        padding = getattr(self.network.get_submodule(self.next_name), "padding", 0)
        return any(padding) if isinstance(padding, tuple) else bool(padding)

    def input_of_next(self, probes: Float[Tensor, "probes ..."]) -> Float[Tensor, "units values"]:
        """Return what the second layer is fed on some inputs, a row for each unit of the first."""
        fed: list[Tensor] = []
        module = self.network.get_submodule(self.next_name)
        hook = module.register_forward_pre_hook(lambda _module, inputs: fed.append(inputs[0]))
        with torch.no_grad():
            self.network(probes)
        hook.remove()
        units = len(self.tensor.indices)
        return fed[0].reshape(len(probes), units, -1).transpose(0, 1).reshape(units, -1)

    def fold(self, units: Tensor, constants: Tensor) -> None:
        """Add to the second layer's biases what units of constant output feed it."""
        assert self.next_bias is not None
        values = self.next_tensor.codebook.detach()[self.outgoing[units]]
        self.next_bias.add_((values.sum(dim=2) * constants[:, None]).sum(dim=0))

    def cut(self, units: Tensor) -> None:
        """Remove units with all their weights and their biases."""
        self.incoming[units] = 0
        indices = self.next_tensor.indices
        by_unit = indices.reshape(len(indices), len(self.tensor.indices), -1)
        by_unit[:, units] = 0
        indices.copy_(by_unit.reshape(indices.shape))
        if self.bias is not None:
            self.bias[units] = 0

    def permute(self, order: Tensor) -> None:
        """Put the units in another order."""
        self.tensor.indices.copy_(self.tensor.indices[order])
        indices = self.next_tensor.indices
        by_unit = indices.reshape(len(indices), len(order), -1)
        indices.copy_(by_unit[:, order].reshape(indices.shape))
        if self.bias is not None:
            self.bias.copy_(self.bias[order].clone())


def links(
    network: nn.Module, chains: tuple[tuple[str, ...], ...], tensors: list[QuantisedTensor]
) -> list[Link]:
    """Return the pairs of neighbouring clustered layers in the chains, in their order."""
    by_name = {tensor.name: tensor for tensor in tensors}
    return [
        Link(network, name, following, by_name[f"{name}.weight"], by_name[f"{following}.weight"])
        for chain in chains
        for name, following in itertools.pairwise(chain)
        if f"{name}.weight" in by_name and f"{following}.weight" in by_name
    ]


def remove_dead_units(
    network: nn.Module,
    chains: tuple[tuple[str, ...], ...],
    tensors: list[QuantisedTensor],
    input_shape: tuple[int, ...],
) -> None:
    """Remove units without inputs or without outputs, and biases that the next layer can take.

    Args:
        network: holds the values of ``tensors`` and the biases; both change, in place.
        chains: names of weight layers, each fed by the one before alone.
        tensors: the quantised weights.
        input_shape: shape of one input of the network, without the batch.
    """
    network.eval()
    probes = torch.rand(PROBES, *input_shape, generator=torch.Generator().manual_seed(0))
    pairs = links(network, chains, tensors)
    with torch.no_grad():
        while any(_remove_dead(link, probes) for link in pairs):
            pass
        for link in pairs:
            _fold_biases(link, probes)


def order_units(
    network: nn.Module, chains: tuple[tuple[str, ...], ...], tensors: list[QuantisedTensor]
) -> None:
    """Sort the units of every layer by their number of non-zeros, the most first."""
    with torch.no_grad():
        for link in links(network, chains, tensors):
            counts = (link.incoming != 0).sum(dim=1) + (link.outgoing != 0).sum(dim=(1, 2))
            link.permute(counts.argsort(descending=True, stable=True))
    write_values(network, tensors)


def write_values(network: nn.Module, tensors: list[QuantisedTensor]) -> None:
    """Write the quantised values to the network's weights."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for tensor in tensors:
            parameters[tensor.name].copy_(tensor.codebook.detach()[tensor.indices])


def _remove_dead(link: Link, probes: Tensor) -> bool:
    """Remove the dead units of one link; return whether there was one."""
    has_input, has_output = link.incoming.any(dim=1), link.outgoing.any(dim=2).any(dim=1)
    useless = has_input & ~has_output
    if link.bias is not None:
        useless |= ~has_output & (link.bias != 0)
    constant = has_output & ~has_input
    if bool(constant.any()):
        fed = link.input_of_next(probes)
        spread = fed.amax(dim=1) - fed.amin(dim=1)
        constant &= spread <= TOLERANCE * fed.abs().amax().clamp_min(1)
        # A constant other than zero ends at the padding, and needs biases to move into.
        movable = link.next_bias is not None and not link.pads
        constant &= (fed[:, 0] == 0) | movable
        if movable:
            link.fold(constant, fed[constant, 0])
    dead = useless | constant
    if not bool(dead.any()):
        return False
    link.cut(dead)
    write_values(link.network, [link.tensor, link.next_tensor])
    return True


def _fold_biases(link: Link, probes: Tensor) -> None:
    """Move the biases of a link to the next layer's, where nothing bends between the two."""
    if link.bias is None or link.next_bias is None or link.pads:
        return
    biases = link.bias.clone()
    with_biases = link.input_of_next(probes)
    link.bias.zero_()
    without = link.input_of_next(probes)
    scale = with_biases.abs().amax().clamp_min(1)
    if bool(((with_biases - without - biases[:, None]).abs() <= TOLERANCE * scale).all()):
        link.fold(torch.arange(len(biases)), biases)
    else:
        link.bias.copy_(biases)


def _bias(network: nn.Module, name: str) -> Tensor | None:
    bias = network.get_submodule(name).bias
    return bias if isinstance(bias, Tensor) else None
