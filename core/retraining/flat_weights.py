"""A network's clustered weights as one flat vector: prior and Adam pass over it once."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.networks.treatment import STANDARD, Kind, Treatment


@dataclass(frozen=True)
class FlatWeights:
    """All weights the prior acts on, laid end to end; the network's parameters are views of them.

    Attributes:
        values: the weights, in the order of ``names``.
        gradient: their gradient; back-propagation adds to it through the parameters' views.
        names: keys of the clustered tensors in the state dict.
        shapes: shapes of the clustered tensors.
        others: the remaining trained parameters (biases, norms) by name.
        group_sizes: number of weights of each group that may have a mixture of its own; a group's
            tensors stand side by side.
    """

    values: Float[Tensor, " weights"]
    gradient: Float[Tensor, " weights"]
    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]
    others: dict[str, nn.Parameter]
    group_sizes: tuple[int, ...]

    @classmethod
    def from_network(cls, network: nn.Module, treatment: Treatment = STANDARD) -> "FlatWeights":
        """Move the network's clustered tensors into one vector.

        The others keep their own tensors: they are coded on their own. What is to be left alone
        is trained no more.

        Args:
            network: the network; its clustered parameters become views.
            treatment: which are clustered; by default the matrices, not the biases and norms.
        """
        kinds = treatment.kinds(network)
        groups = treatment.groups_of(network)
        clustered = {n: p for group in groups for n, p in group.items()}
        others = {}
        for name, parameter in network.named_parameters():
            if kinds[name] is Kind.exact:
                parameter.requires_grad_(False)
            elif kinds[name] is not Kind.clustered:
                others[name] = parameter
        flat = [p.detach().reshape(-1) for p in clustered.values()]
        values = torch.cat(flat) if flat else torch.empty(0)
        weights = cls(
            values=values,
            gradient=torch.zeros_like(values),
            names=tuple(clustered),
            shapes=tuple(p.shape for p in clustered.values()),
            others=others,
            group_sizes=tuple(sum(p.numel() for p in group.values()) for group in groups),
        )
        for parameter, value, slope in zip(
            clustered.values(),
            weights.split(weights.values),
            weights.split(weights.gradient),
            strict=True,
        ):
            parameter.data, parameter.grad = value, slope
        return weights

    def split(self, vector: Tensor) -> list[Tensor]:
        """Return views of a vector of all weights, one in the shape of each clustered tensor."""
        pieces = vector.split([shape.numel() for shape in self.shapes])
        return [piece.view(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    def zero_gradient(self) -> None:
        """Clear the gradients of all trained parameters, the views of the weights in place."""
        self.gradient.zero_()
        for parameter in self.others.values():
            parameter.grad = None


def num_weights(network: nn.Module, treatment: Treatment = STANDARD) -> int:
    """Return how many weights of a network the prior acts on."""
    kinds = treatment.kinds(network)
    return sum(p.numel() for n, p in network.named_parameters() if kinds[n] is Kind.clustered)
