"""Noise on weights, on the outputs of their layers where that is the same.

The local reparameterisation trick (Kingma, Salimans & Welling 2015, §2.3): where the weights of a
linear map are independent normal numbers N(θ, σ²), its outputs are normal with mean x θ and
variance x² σ², so one draw an output does for one draw a weight and example, with far less variance
of the gradient. The weights of other modules get their noise themselves (``drawn_noise``).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from core.checkpoint import State, restore_generator
from core.methods.drawn_noise import DrawnTensor, all_in_use
from core.methods.noise_places import weight_layers
from core.retraining import FlatWeights

TINY = 1e-12  # added to a variance, whose root is taken

Hook = Callable[[nn.Module, Any, Tensor], Tensor]


class WeightNoise:
    """Adds noise for all weights, to the outputs of their layers where it can.

    Attributes:
        gradient: of the log variances; back-propagation adds to it.
    """

    def __init__(
        self,
        network: nn.Module,
        weights: FlatWeights,
        log_variances: nn.Parameter,
        inputs: Tensor,
        seed: int,
    ) -> None:
        """Find the layers.

        Args:
            network: has the weights.
            weights: all of those.
            log_variances: log σ² of each weight, in their order; gets ``gradient`` as its gradient.
            inputs: a few examples, to see which layers are called.
            seed: of the noise.
        """
        device = weights.values.device
        self.gradient: Float[Tensor, " weights"] = torch.zeros_like(weights.values)
        log_variances.grad = self.gradient
        self._generator = torch.Generator(device).manual_seed(seed)
        self._layers: list[tuple[nn.Module, nn.Parameter]] = []
        self._drawn: list[DrawnTensor] = []
        for layer, values, slope, part in zip(
            weight_layers(network, weights, inputs),
            weights.split(weights.values),
            weights.split(weights.gradient),
            weight_views(weights, log_variances, self.gradient),
            strict=True,
        ):
            if layer is None:
                self._drawn.append(DrawnTensor(values, slope, part))
            else:
                self._layers.append((layer, part))

    @contextmanager
    def added(self) -> Iterator[None]:
        """Add the noise of outputs meanwhile, where the network is in training mode."""
        handles = [module.register_forward_hook(self._noisy(part)) for module, part in self._layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def in_use(self, *, training: bool) -> AbstractContextManager[None]:
        """Let the network meanwhile have what noise goes into the weights themselves.

        Args:
            training: whether it is trained meanwhile, for one step; else there is no noise.
        """
        return all_in_use(self._drawn, self._generator) if training else nullcontext()

    def zero_gradient(self) -> None:
        """Clear the gradient in place."""
        self.gradient.zero_()

    def state(self) -> State:
        """Return the state of the chance."""
        return {"generator": self._generator.get_state()}

    def restore(self, state: State) -> None:
        """Take over a state."""
        restore_generator(self._generator, state["generator"])

    def _noisy(self, log_variances: nn.Parameter) -> Hook:
        def add_noise(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            if not module.training:
                return output
            variance = output_variance(module, inputs[0], log_variances.exp())
            return torch.addcmul(output, (variance + TINY).sqrt_(), normal(output, self._generator))

        return add_noise


def weight_views(
    weights: FlatWeights, parameter: nn.Parameter, gradient: Float[Tensor, " weights"]
) -> list[nn.Parameter]:
    """Return a parameter of all weights as one for each tensor, with views as their gradients."""
    views = []
    for values, slope in zip(weights.split(parameter.data), weights.split(gradient), strict=True):
        view = nn.Parameter(values)
        view.data, view.grad = values, slope
        views.append(view)
    return views


def output_variance(
    layer: nn.Module, inputs: Float[Tensor, "batch ..."], variances: Float[Tensor, "..."]
) -> Float[Tensor, "batch ..."]:
    """Return the variance of a layer's outputs where its weights have these variances."""
    return apply(layer, inputs.square(), variances, with_bias=False)


def apply(
    layer: nn.Module,
    inputs: Float[Tensor, "batch ..."],
    weight: Float[Tensor, "..."],
    *,
    with_bias: bool = True,
) -> Float[Tensor, "batch ..."]:
    """Return what a layer would make of inputs with other weights in the place of its own."""
    bias = layer.bias if with_bias and isinstance(layer.bias, Tensor) else None
    if isinstance(layer, nn.Conv2d):
        assert not isinstance(layer.padding, str)
        # as the convolution itself (``core.networks.convolution``): half as fast again
        weight = weight.clone(memory_format=torch.channels_last)
        return conv2d(
            inputs, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups
        )
    return linear(inputs, weight, bias)


def normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Return standard normal numbers in the shape and the layout of a tensor.

    They are drawn as one row: torch draws many times faster into memory without gaps and strides.
    """
    drawn = torch.empty_like(like)
    row = drawn.as_strided((drawn.numel(),), (1,))
    row.normal_(generator=generator)
    return drawn
