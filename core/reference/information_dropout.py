"""Information dropout: noise on activations whose strength each input sets (Achille & Soatto 2018).

A layer with the activations f(x) hands on z = ε f(x), log ε ~ N(0, α(x)²). A head, a layer of the
same shape with outputs of its own, predicts α from what the layer has as its inputs, between 0.001
and 0.001 + α_max. To the cross-entropy comes β / N times what z tells of x, bounded by

    KL(p(z|x) || q(z)) = -log α(x) + constant                     for f(x) > 0, else constant
    KL(p(z|x) || q(z)) = (α(x)² + (log f(x) - μ)²) / 2σ² - log(α(x) / σ) - ½

for rectified activations and a log-uniform q with a point mass at zero, and for softplus ones and
q = log N(μ, σ²), whose μ and σ are learnt, a pair for each layer. It is averaged over the examples;
the constant of the first makes it zero where α is largest, as in the authors' code. In evaluation
there is no noise, z = f(x), and the heads are no part of the network.

Our networks have rectifiers. Under the second prior they are trained with softplus(s a) / s in
their place, whose sharpness s grows from 1 to 100: in the end the two differ by 0.007 at most.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from core.errors import ConfigError
from core.reference.config import ActivationPrior, InformationDropoutConfig

LEAST_ALPHA = 1e-3  # the authors' code, and the next
LEAST_ACTIVATION = 1e-4  # whose logarithm is taken
SHARPEST = 100.0


class InformationDropout:
    """The noise of a network in training.

    Attributes:
        heads: what predicts α, a layer for each noisy one.
        sharpness: s of the softplus activations.
    """

    def __init__(
        self,
        network: nn.Module,
        activations: Sequence[str],
        config: InformationDropoutConfig,
        num_examples: int,
    ) -> None:
        """Build the heads.

        Args:
            network: on the device that is to compute.
            activations: names of its rectifiers whose outputs get noise.
            config: weight, prior and the most noise.
            num_examples: N.

        Raises:
            ConfigError: there are none, or one follows no layer with weights.
        """
        self.config, self.num_examples = config, num_examples
        self.sharpness = 1.0
        self._activations = [network.get_submodule(name) for name in activations]
        self._layers = [_layer_before(network, name) for name in activations]
        if not self._layers:
            raise ConfigError(
                "reference.information_dropout.beta must be 0 for a network that names no "
                f"activations for dropout, but got {config.beta:g}; choose another model"
            )
        self.heads = nn.ModuleList()
        for layer in self._layers:
            head = deepcopy(layer)
            head.reset_parameters()
            self.heads.append(head)
        device = next(network.parameters()).device
        # μ and log σ of the log-normal prior of each layer
        self._places = nn.Parameter(torch.zeros(2, len(self._layers), device=device))
        self._inputs: dict[int, Tensor] = {}
        self._divergences: list[Tensor] = []

    def parameters(self) -> list[nn.Parameter]:
        """Return what is trained beside the network."""
        learnt = list(self.heads.parameters())
        if self.config.prior is ActivationPrior.log_normal:
            learnt.append(self._places)
        return learnt

    @contextmanager
    def added(self) -> Iterator[None]:
        """Have the noise meanwhile, where the network is in training mode."""
        handles = [
            activation.register_forward_hook(self._noisy(number))
            for number, activation in enumerate(self._activations)
        ]
        handles += [
            layer.register_forward_pre_hook(self._keep(number))
            for number, layer in enumerate(self._layers)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def step(self, fraction: float) -> None:
        """Begin a step at this fraction of the training."""
        self.sharpness = SHARPEST**fraction
        self._divergences.clear()

    def loss(self) -> Tensor:
        """Return β / N times the divergence of the last batch, in nats an example."""
        return self.config.beta / self.num_examples * torch.stack(self._divergences).sum()

    def _keep(self, number: int) -> Any:
        def keep(module: nn.Module, inputs: Any) -> None:
            if module.training:
                self._inputs[number] = inputs[0]

        return keep

    def _noisy(self, number: int) -> Any:
        def add_noise(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            if not module.training:
                return output
            logits = self.heads[number](self._inputs.pop(number)).float()
            alphas = LEAST_ALPHA + self.config.max_alpha * torch.sigmoid(logits)
            activations = output.float()
            if self.config.prior is ActivationPrior.log_uniform:
                divergences = log_uniform_divergence(activations, alphas, self.config.max_alpha)
            else:
                activations = softplus(inputs[0].float(), beta=self.sharpness)
                mean, log_std = self._places[:, number]
                divergences = log_normal_divergence(activations, alphas, mean, log_std.exp())
            self._divergences.append(divergences.sum() / len(divergences))
            return activations * (alphas * torch.randn_like(alphas)).exp()

        return add_noise


def log_uniform_divergence(
    activations: Float[Tensor, "batch ..."], alphas: Float[Tensor, "batch ..."], max_alpha: float
) -> Float[Tensor, "batch ..."]:
    """Return KL(p(z|x) || q(z)) in nats of rectified activations under a log-uniform prior.

    Args:
        activations: f(x), not negative.
        alphas: α(x), standard deviation of log ε.
        max_alpha: α_max; with that and the least α it is zero, since q is improper.

    Returns:
        Zero where f(x) is zero: there z is known, whatever α.
    """
    divergences = -(alphas / (LEAST_ALPHA + max_alpha)).log()
    return torch.where(activations > 0, divergences, 0.0)


def log_normal_divergence(
    activations: Float[Tensor, "batch ..."],
    alphas: Float[Tensor, "batch ..."],
    mean: Float[Tensor, ""],
    std: Float[Tensor, ""],
) -> Float[Tensor, "batch ..."]:
    """Return KL(p(z|x) || q(z)) in nats of softplus activations under a log-normal prior.

    Args:
        activations: f(x), positive; below 0.0001 they count as that.
        alphas: α(x), standard deviation of log ε.
        mean: μ of log z.
        std: σ of log z.
    """
    distances = activations.clamp_min(LEAST_ACTIVATION).log() - mean
    return (alphas**2 + distances**2) / (2 * std**2) - (alphas / std).log() - 0.5


def _layer_before(network: nn.Module, name: str) -> nn.Linear | nn.Conv2d:
    """Return the layer with weights that comes last before a module, in their order."""
    before: nn.Linear | nn.Conv2d | None = None
    for found, module in network.named_modules():
        if found == name:
            break
        if isinstance(module, nn.Linear | nn.Conv2d):
            before = module
    if before is None:
        raise ConfigError(
            f"reference.information_dropout.beta must be 0 for a network whose {name} follows no "
            "linear layer or convolution, but is not; choose another model"
        )
    return before
