"""Layers whose weights come in groups with a random scale each: inputs of full layers, filters.

Louizos, Ullrich & Welling 2017, §4.1: z ~ N(μ_z, σ_z²) for a group and w | z ~ N(z μ, z² σ²) for
its weights, whose noise goes to the outputs by local reparameterisation (``core.methods.noise``).
Their Algorithms 1 and 2 draw z for each example; here a batch shares it, which is unbiased too, and
lets z be multiplied into the weights: it costs no pass through the inputs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.checkpoint import State, fill, restore_generator
from core.methods.noise import (
    TINY,
    apply,
    normal,
    output_variance,
    weight_layers,
    weight_views,
)
from core.retraining import FlatWeights


@dataclass(frozen=True)
class GroupedLayer:
    """A layer and the posterior of its groups and weights.

    Attributes:
        module: a linear layer, whose groups are its inputs, or a convolution: its filters.
        scales: μ_z of each group.
        log_scale_variances: log σ_z² of each group.
        log_variances: log σ² of each weight, in the shape of the weights.
        weights: their means μ, a view of the network's weights.
    """

    module: nn.Module
    scales: nn.Parameter
    log_scale_variances: nn.Parameter
    log_variances: nn.Parameter
    weights: Float[Tensor, "..."]

    @property
    def is_convolution(self) -> bool:
        """Whether groups are filters, and no inputs."""
        return isinstance(self.module, nn.Conv2d)

    def by_weight(self, of_groups: Tensor) -> Tensor:
        """Return what is said of groups in a shape that fits the weights."""
        shape = [1] * self.weights.dim()
        shape[0 if self.is_convolution else 1] = -1
        return of_groups.view(shape)

    def by_group(self, of_weights: Tensor) -> Tensor:
        """Return the mean over each group of what is said of weights."""
        kept = 0 if self.is_convolution else 1
        others = [axis for axis in range(of_weights.dim()) if axis != kept]
        return of_weights.mean(dim=others)


class GroupNoise:
    """The random scales and the noise of all layers.

    Attributes:
        layers: in the order of the weights.
        log_variances: log σ² of all weights.
        gradient: of those; back-propagation adds to it.
    """

    def __init__(
        self,
        network: nn.Module,
        weights: FlatWeights,
        relative_log_variance: float,
        seed: int,
    ) -> None:
        """Begin where the network computes what it does, but for little noise.

        Args:
            network: linear layers and convolutions have its weights.
            weights: all of those.
            relative_log_variance: log σ² of each weight, less the logarithm of its group's mean
                square, and log σ_z² of each group.
            seed: of the noise.

        Raises:
            RetrainError: another kind of layer has weights.
        """
        self.log_variances = nn.Parameter(torch.empty_like(weights.values))
        self.gradient: Float[Tensor, " weights"] = torch.zeros_like(weights.values)
        self.log_variances.grad = self.gradient
        self._generator = torch.Generator(weights.values.device).manual_seed(seed)
        self.layers: list[GroupedLayer] = []
        for module, values, log_variances in zip(
            weight_layers(network, weights),
            weights.split(weights.values),
            weight_views(weights, self.log_variances, self.gradient),
            strict=True,
        ):
            groups = len(values) if isinstance(module, nn.Conv2d) else values.shape[1]
            layer = GroupedLayer(
                module,
                nn.Parameter(values.new_ones(groups)),
                nn.Parameter(values.new_full((groups,), relative_log_variance)),
                log_variances,
                values,
            )
            spread = layer.by_weight(mean_squares(layer)).log() + relative_log_variance
            log_variances.data.copy_(spread.expand_as(values))
            self.layers.append(layer)

    @contextmanager
    def added(self) -> Iterator[None]:
        """Have scales and noise meanwhile; in evaluation mode the mean scales alone."""
        for layer in self.layers:
            layer.module.forward = self._noisy(layer)
        try:
            yield
        finally:
            for layer in self.layers:
                del layer.module.forward

    def state(self) -> State:
        """Return the posterior, but for the means of the weights, and the state of the chance."""
        return {
            "log_variances": self.log_variances.detach(),
            "scales": [layer.scales.detach() for layer in self.layers],
            "log_scale_variances": [layer.log_scale_variances.detach() for layer in self.layers],
            "generator": self._generator.get_state(),
        }

    def restore(self, state: State) -> None:
        """Take over a state."""
        fill(self.log_variances, state["log_variances"])
        for index, layer in enumerate(self.layers):
            fill(layer.scales, state["scales"][index])
            fill(layer.log_scale_variances, state["log_scale_variances"][index])
        restore_generator(self._generator, state["generator"])

    def _noisy(self, layer: GroupedLayer) -> Callable[[Tensor], Tensor]:
        def forward(inputs: Tensor) -> Tensor:
            weight = layer.module.weight
            assert isinstance(weight, Tensor)
            if not layer.module.training:
                return apply(layer.module, inputs, weight * layer.by_weight(layer.scales))
            noise = normal(layer.scales, self._generator)
            drawn = layer.scales + (0.5 * layer.log_scale_variances).exp() * noise
            scales = layer.by_weight(drawn)
            output = apply(layer.module, inputs, weight * scales)
            variances = layer.log_variances.exp() * scales.square()
            variance = output_variance(layer.module, inputs, variances)
            return torch.addcmul(output, (variance + TINY).sqrt_(), normal(output, self._generator))

        return forward


def mean_squares(layer: GroupedLayer) -> Float[Tensor, " groups"]:
    """Return the mean square of each group's weights, at least a thousandth of their layer's."""
    squares = layer.weights.square()
    floor = 1e-3 * float(squares.mean()) + TINY
    return layer.by_group(squares).clamp_min(floor)
