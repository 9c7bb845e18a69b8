"""Bayesian compression (Louizos, Ullrich & Welling 2017): groups of weights under a sparse prior.

The prior is the group normal-Jeffreys one of §4.1: p(z) ∝ 1/|z| for a group (an input of a full
layer, a filter of a convolution), w | z ~ N(0, z²) for its weights; the posterior is
z ~ N(μ_z, μ_z² α), w | z ~ N(z μ, z² σ²). To the error loss comes (Eq. 7 to 9)

    1/N ( Σ KL(α) + ½ Σ (-log σ² + σ² + μ² - 1) )

with the divergence of a dropout rate α as in ``core.methods.variational_dropout``. As 1/|z| knows
no unit, μ and σ may be counted in units of their group's rms at the start, which leaves the
network's weights as they are. Groups with a log α beyond a threshold are removed. The posterior's
variances

    V(w) = σ_z² (σ² + μ²) + σ² μ_z²

say how many bits a layer needs: the authors' code counts the significant bits whose unit round-off
is above twice a weight's variance, and rounds to their mean over the layer; here a layer has
levels whose rounding error has as much variance as its weights have in the mean, times a factor.
"""

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from core.checkpoint import State
from core.methods.group_noise import GroupedLayer, GroupNoise, mean_squares
from core.methods.interface import Clustered, record_weights
from core.methods.low_precision import as_codebook
from core.methods.trained import TrainedMethod
from core.methods.training import Addition, train
from core.methods.variational_dropout import (
    LIMIT,
    TINY,
    check_posterior,
    kl_divergence,
    kl_gradients,
)
from core.post_processing import QuantisedTensor
from core.preparation import Preparation
from core.retraining import FlatWeights
from core.retraining.schedule import warm_up

MAX_LEVEL = 2**15 - 1

_KEY = "method.bayesian_compression"


@dataclass(kw_only=True)
class BayesianCompressionConfig:
    """The posterior, the weight of its divergence, and what is made of it.

    Attributes:
        kl_weight: of KL / N in the loss; 1 makes it the negative variational bound.
        kl_warm_up: fraction of the training over which that weight rises linearly from zero.
        lr_posterior: Adam's rate of scales and log variances.
        initial_log_variance: log σ² of a weight in units of its group, and log σ_z² of a group.
        max_log_alpha: a group with a higher log α is removed.
        rounding: variance of the rounding error over the mean posterior variance of a layer.
    """

    kl_weight: float = 0.5
    kl_warm_up: float = 0.3
    lr_posterior: float = 1e-2
    initial_log_variance: float = -6.0
    max_log_alpha: float = 0.0
    rounding: float = 0.6

    def __post_init__(self) -> None:
        check_posterior(_KEY, self, ("kl_weight", "lr_posterior", "rounding"))


class BayesianCompression(TrainedMethod[BayesianCompressionConfig]):
    """The method."""

    def cluster(self, start: Preparation) -> Clustered:
        """Train the posterior, remove groups, round the rest as finely as it is known.

        Raises:
            RetrainError: a loss is not finite, or there is no weight.
        """
        weights = start.flat_weights()
        recorder = record_weights(start, weights)
        posterior = GroupPosterior(start, weights, self.config, self.retrain.seed)
        with posterior.noise.added():
            train(start, weights, self.retrain, "variational", posterior)
        tensors = posterior.settle()
        recorder.retrained()
        return Clustered(weights, tensors, recorder)


class GroupPosterior(Addition):
    """The posterior of all groups and weights; the means of the weights are the network's own.

    Attributes:
        noise: the groups' scales and the weights' variances, and what they do to the layers.
    """

    def __init__(
        self, start: Preparation, weights: FlatWeights, config: BayesianCompressionConfig, seed: int
    ) -> None:
        self.weights, self.config = weights, config
        self.num_examples = len(start.training_set)
        self.noise = GroupNoise(
            start.network, weights, config.initial_log_variance, start.probe, seed
        )
        # units of the prior for each weight: what its group measured at the start
        self._units = torch.cat(
            [
                layer.by_weight(mean_squares(layer)).expand_as(layer.weights).reshape(-1)
                for layer in self.noise.layers
            ]
            or [weights.values.new_zeros(0)]
        )

    def parameters(self) -> list[dict[str, Any]]:
        """Train scales and variances, too."""
        groups = [p for la in self.noise.layers for p in (la.scales, la.log_scale_variances)]
        return [{"params": [self.noise.log_variances, *groups], "lr": self.config.lr_posterior}]

    def before_step(self, done: int, num_steps: int) -> None:
        """Clear the gradients of scales and variances."""
        self.noise.gradient.zero_()
        for layer in self.noise.layers:
            layer.scales.grad = layer.log_scale_variances.grad = None

    def in_use(self, *, training: bool) -> AbstractContextManager[None]:
        """Let the network have what scales and noise go into the weights themselves."""
        return self.noise.in_use(training=training)

    @torch.no_grad()
    def add_gradients(self, fraction: float) -> None:
        """Add the gradients of the weighted KL / N."""
        weight = self.config.kl_weight * warm_up(fraction, self.config.kl_warm_up)
        weight /= self.num_examples
        self.weights.gradient.addcdiv_(self.weights.values, self._units, value=weight)
        variances = self.noise.log_variances.exp().div_(self._units)
        self.noise.gradient.add_(variances.sub_(1), alpha=0.5 * weight)
        for layer in self.noise.layers:
            by_scale, by_variance = kl_gradients(layer.scales, layer.log_scale_variances)
            assert layer.scales.grad is not None
            assert layer.log_scale_variances.grad is not None
            layer.scales.grad.add_(by_scale, alpha=weight)
            layer.log_scale_variances.grad.add_(by_variance, alpha=weight)

    @torch.no_grad()
    def complexity_loss(self) -> float:
        """KL in nats."""
        of_weights = weight_divergence(self.weights.values, self.noise.log_variances, self._units)
        of_groups = sum(float(kl_divergence(log_alpha(la)).sum()) for la in self.noise.layers)
        return float(of_weights.sum()) + of_groups

    def nonzero_fraction(self) -> float:
        """Share of the weights in groups that stay."""
        kept = sum(
            float(alive(layer, self.config.max_log_alpha).float().mean()) * layer.weights.numel()
            for layer in self.noise.layers
        )
        return kept / max(1, self.weights.values.numel())

    @torch.no_grad()
    def settle(self) -> list[QuantisedTensor]:
        """Give the network its mean weights, without the groups that go, and round them."""
        tensors = []
        for name, layer in zip(self.weights.names, self.noise.layers, strict=True):
            variances = posterior_variance(layer)
            stays = layer.by_weight(alive(layer, self.config.max_log_alpha))
            layer.weights.mul_(layer.by_weight(layer.scales) * stays)
            of_kept = variances[stays.expand_as(variances)]
            step = math.sqrt(12 * self.config.rounding * float(of_kept.mean()))
            largest = float(layer.weights.abs().max())
            step = min(max(step, largest / MAX_LEVEL), largest) or 1.0
            tensors.append(as_codebook(name, (layer.weights / step).round().long(), step))
        return tensors

    def save(self) -> State:
        """Return the posterior."""
        return self.noise.state()

    def restore(self, state: State) -> None:
        """Take over what ``save`` returned."""
        self.noise.restore(state)


def log_alpha(layer: GroupedLayer) -> Float[Tensor, " groups"]:
    """Return log α of each group, log σ_z² - log μ_z², within the limits."""
    squares = layer.scales.detach().square() + TINY
    return (layer.log_scale_variances.detach() - squares.log()).clamp(-LIMIT, LIMIT)


def alive(layer: GroupedLayer, max_log_alpha: float) -> Bool[Tensor, " groups"]:
    """Return which groups stay; the surest one of a layer always does."""
    found = log_alpha(layer)
    return found <= max(max_log_alpha, float(found.min()))


def posterior_variance(layer: GroupedLayer) -> Float[Tensor, "..."]:
    """Return the variance of each weight z w, over its group's scale and its own noise."""
    variances = layer.log_variances.detach().exp()
    of_scale = layer.by_weight(layer.log_scale_variances.detach().exp())
    squares = layer.by_weight(layer.scales.detach().square())
    return of_scale * (variances + layer.weights.square()) + variances * squares


def weight_divergence(
    means: Float[Tensor, " weights"],
    log_variances: Float[Tensor, " weights"],
    units: Float[Tensor, " weights"],
) -> Float[Tensor, " weights"]:
    """Return KL(q(w | z) || p(w | z)) of each weight in nats (Eq. 8), which z drops out of.

    Args:
        means: μ.
        log_variances: log σ².
        units: squares of the units that both are counted in.
    """
    variances = log_variances.exp() / units
    return 0.5 * (variances + means.square() / units - 1 - log_variances + units.log())
