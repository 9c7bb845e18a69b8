"""Layers whose weights come in groups with a random scale each: inputs of full layers, filters.

Louizos, Ullrich & Welling 2017, §4.1: z ~ N(μ_z, σ_z²) for a group and w | z ~ N(z μ, z² σ²) for
its weights, whose noise goes to the outputs by local reparameterisation (``core.methods.noise``).
Their Algorithms 1 and 2 draw z for each example; here a batch shares it, which is unbiased too, and
lets z be multiplied into the weights: it costs no pass through the inputs. Other tensors than those
of linear layers and two-dimensional convolutions get noise and scales themselves
(``core.methods.drawn_noise``); their groups are their rows.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.checkpoint import State, fill, restore_generator
from core.methods.drawn_noise import drawn
from core.methods.noise import (
    TINY,
    apply,
    normal,
    output_variance,
    weight_views,
)
from core.methods.noise_places import weight_layers
from core.retraining import FlatWeights


@dataclass(frozen=True)
class GroupedLayer:
    """A layer and the posterior of its groups and weights.

    Attributes:
        module: whose outputs have the noise, None where the weights themselves have it.
        group_axis: axis of the weights that counts the groups.
        scales: μ_z of each group.
        log_scale_variances: log σ_z² of each group.
        log_variances: log σ² of each weight, in the shape of the weights.
        weights: their means μ, a view of the network's weights.
        gradient: of those; back-propagation adds to it.
    """

    module: nn.Module | None
    group_axis: int
    scales: nn.Parameter
    log_scale_variances: nn.Parameter
    log_variances: nn.Parameter
    weights: Float[Tensor, "..."]
    gradient: Float[Tensor, "..."]

    def by_weight(self, of_groups: Tensor) -> Tensor:
        """Return what is said of groups in a shape that fits the weights."""
        shape = [1] * self.weights.dim()
        shape[self.group_axis] = -1
        return of_groups.view(shape)

    def by_group(self, of_weights: Tensor) -> Tensor:
        """Return the mean over each group of what is said of weights."""
        others = [axis for axis in range(of_weights.dim()) if axis != self.group_axis]
        return of_weights.mean(dim=others) if others else of_weights

    @contextmanager
    def scaled(self) -> Iterator[None]:
        """Let the network meanwhile have weights at their groups' mean scales."""
        means = self.weights.clone()
        self.weights.mul_(self.by_weight(self.scales.detach()))
        try:
            yield
        finally:
            self.weights.copy_(means)

    @contextmanager
    def drawn(self, generator: torch.Generator) -> Iterator[None]:
        """Let it have drawn weights z (μ + σ ε); then hand on what was back-propagated."""
        means, noise = self.weights.clone(), drawn(self.log_variances, generator)
        of_scales = drawn(self.log_scale_variances, generator)
        scales = self.by_weight(self.scales.detach() + of_scales)
        unscaled = self.weights.add_(noise).clone()
        self.weights.mul_(scales)
        try:
            yield
        finally:
            self.weights.copy_(means)
        group_size = self.weights.numel() / len(self.scales)
        by_scale = self.by_group(self.gradient * unscaled) * group_size
        self.gradient.mul_(scales)
        assert self.log_variances.grad is not None
        self.log_variances.grad.addcmul_(self.gradient, noise, value=0.5)
        self.scales.grad = by_scale
        self.log_scale_variances.grad = 0.5 * of_scales * by_scale


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
        inputs: Tensor,
        seed: int,
    ) -> None:
        """Begin where the network computes what it does, but for little noise.

        Args:
            network: has the weights.
            weights: all of those.
            relative_log_variance: log σ² of each weight, less the logarithm of its group's mean
                square, and log σ_z² of each group.
            inputs: a few examples, to see which layers are called.
            seed: of the noise.
        """
        self.log_variances = nn.Parameter(torch.empty_like(weights.values))
        self.gradient: Float[Tensor, " weights"] = torch.zeros_like(weights.values)
        self.log_variances.grad = self.gradient
        self._generator = torch.Generator(weights.values.device).manual_seed(seed)
        self.layers: list[GroupedLayer] = []
        for module, values, slope, log_variances in zip(
            weight_layers(network, weights, inputs),
            weights.split(weights.values),
            weights.split(weights.gradient),
            weight_views(weights, self.log_variances, self.gradient),
            strict=True,
        ):
            axis = 1 if isinstance(module, nn.Linear) else 0
            groups = values.shape[axis]
            layer = GroupedLayer(
                module,
                axis,
                nn.Parameter(values.new_ones(groups)),
                nn.Parameter(values.new_full((groups,), relative_log_variance)),
                log_variances,
                values,
                slope,
            )
            spread = layer.by_weight(mean_squares(layer)).log() + relative_log_variance
            log_variances.data.copy_(spread.expand_as(values))
            self.layers.append(layer)

    @contextmanager
    def added(self) -> Iterator[None]:
        """Have layers' scales and noise meanwhile; in evaluation mode the mean scales alone."""
        modules = [(layer, layer.module) for layer in self.layers if layer.module is not None]
        for layer, module in modules:
            module.forward = self._noisy(layer, module)
        try:
            yield
        finally:
            for _, module in modules:
                del module.forward

    @contextmanager
    def in_use(self, *, training: bool) -> Iterator[None]:
        """Let the network meanwhile have what scales and noise go into the weights themselves.

        Args:
            training: whether it is trained meanwhile, for one step; else the scales are their
                means and there is no noise.
        """
        with ExitStack() as using:
            for layer in self.layers:
                if layer.module is None:
                    now = layer.drawn(self._generator) if training else layer.scaled()
                    using.enter_context(now)
            yield

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

    def _noisy(self, layer: GroupedLayer, module: nn.Module) -> Callable[[Tensor], Tensor]:
        def forward(inputs: Tensor) -> Tensor:
            weight = module.weight
            assert isinstance(weight, Tensor)
            if not module.training:
                return apply(module, inputs, weight * layer.by_weight(layer.scales))
            noise = normal(layer.scales, self._generator)
            drawn = layer.scales + (0.5 * layer.log_scale_variances).exp() * noise
            scales = layer.by_weight(drawn)
            output = apply(module, inputs, weight * scales)
            variances = layer.log_variances.exp() * scales.square()
            variance = output_variance(module, inputs, variances)
            return torch.addcmul(output, (variance + TINY).sqrt_(), normal(output, self._generator))

        return forward


def mean_squares(layer: GroupedLayer) -> Float[Tensor, " groups"]:
    """Return the mean square of each group's weights, at least a thousandth of their layer's."""
    squares = layer.weights.square()
    floor = 1e-3 * float(squares.mean()) + TINY
    return layer.by_group(squares).clamp_min(floor)
