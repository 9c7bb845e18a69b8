"""Layers whose weights come in groups with a random scale each: inputs of full layers, filters.

Louizos, Ullrich & Welling 2017, §4.1 and Algorithms 1 and 2: with z ~ N(μ_z, σ_z²) for a group and
w | z ~ N(z μ, z² σ²) for its weights, the inputs of a full layer (the outputs of a convolution) are
multiplied by z, drawn anew for each example, and the outputs get the noise of the weights by local
reparameterisation (``core.methods.noise``).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.checkpoint import State, fill, restore_generator
from core.methods.noise import TINY, output_variance, weight_layers, weight_views
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

    @property
    def bias(self) -> Tensor | None:
        """The layer's biases."""
        bias = self.module.bias
        return bias if isinstance(bias, Tensor) else None

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
        handles = []
        for layer in self.layers:
            if not layer.is_convolution:
                handles.append(layer.module.register_forward_pre_hook(self._scaled(layer)))
            handles.append(layer.module.register_forward_hook(self._noisy(layer)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

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

    def _draw(self, layer: GroupedLayer, batch: int) -> Tensor:
        """Draw the scales of a layer's groups for each example, [batch, groups]."""
        noise = self._normal(layer.scales.new_empty(batch, len(layer.scales)))
        return layer.scales + (0.5 * layer.log_scale_variances).exp() * noise

    def _normal(self, like: Tensor) -> Tensor:
        return torch.empty_like(like).normal_(generator=self._generator)

    def _scaled(self, layer: GroupedLayer) -> Callable[[nn.Module, Any], Any]:
        def scale_inputs(module: nn.Module, inputs: Any) -> Any:
            scales = self._draw(layer, len(inputs[0])) if module.training else layer.scales
            return (inputs[0] * scales,)

        return scale_inputs

    def _noisy(self, layer: GroupedLayer) -> Callable[[nn.Module, Any, Tensor], Tensor]:
        def add_noise(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            bias = layer.bias
            if not module.training:
                if not layer.is_convolution:
                    return output
                return _times(output, layer.scales[None], bias)
            variance = output_variance(module, inputs[0], layer.log_variances.exp())
            noise = (variance + TINY).sqrt() * self._normal(output)
            if not layer.is_convolution:
                return output + noise
            return _times(output + noise, self._draw(layer, len(output)), bias)

        return add_noise


def mean_squares(layer: GroupedLayer) -> Float[Tensor, " groups"]:
    """Return the mean square of each group's weights, at least a thousandth of their layer's."""
    squares = layer.weights.square()
    floor = 1e-3 * float(squares.mean()) + TINY
    return layer.by_group(squares).clamp_min(floor)


def _times(
    output: Float[Tensor, "batch channels height width"],
    scales: Float[Tensor, "some channels"],
    bias: Tensor | None,
) -> Float[Tensor, "batch channels height width"]:
    """Scale a convolution's outputs, but not the biases in them."""
    scales = scales[:, :, None, None]
    if bias is None:
        return output * scales
    shift = bias[None, :, None, None]
    return (output - shift) * scales + shift
