"""Sparse variational dropout (Molchanov, Ashukha & Vetrov 2017; Kingma, Salimans & Welling 2015).

Every weight has a normal posterior N(θ, σ²), its dropout rate α = σ²/θ², and a log-uniform prior.
The loss is the error loss plus KL(q || p) / N, with the approximation (Eq. 14)

    -KL = k1 sigmoid(k2 + k3 log α) - ½ log(1 + 1/α) - k1    for each weight.

The noise is drawn where it reaches the outputs of a layer (the local reparameterisation trick,
Kingma et al. 2015, §2.3): they are normal with mean x θ and variance x² σ². What is trained are θ
and log σ² (the additive noise of Eq. 11). A weight whose log α is beyond a threshold is mere noise,
and is removed.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from core.checkpoint import State, fill
from core.errors import require
from core.methods.interface import Clustered, record_weights
from core.methods.noise import WeightNoise
from core.methods.trained import TrainedMethod
from core.methods.training import Addition, train
from core.post_processing import quantise
from core.preparation import Preparation
from core.retraining import FlatWeights
from core.retraining.schedule import warm_up

K1, K2, K3 = 0.63576, 1.87320, 1.48695
LIMIT = 8.0  # of |log α|, beyond which nothing pulls: as the authors clip it
TINY = 1e-8  # added to θ², whose logarithm is taken


@runtime_checkable
class PosteriorConfig(Protocol):
    """What the configuration of every training of a posterior has."""

    kl_warm_up: float
    max_log_alpha: float


def check_posterior(key: str, config: PosteriorConfig, positive: Sequence[str]) -> None:
    """Check the configuration of a training of a posterior.

    Args:
        key: where it stands.
        config: the configuration.
        positive: what else of it must be positive.

    Raises:
        ConfigError: a value breaks its rule.
    """
    for name in positive:
        value = getattr(config, name)
        require(value > 0, f"{key}.{name}", "> 0", value)
    require(0 <= config.kl_warm_up <= 1, f"{key}.kl_warm_up", "in [0, 1]", config.kl_warm_up)
    limit = config.max_log_alpha
    rule = f"between {-LIMIT:g} and {LIMIT:g}"
    require(-LIMIT < limit < LIMIT, f"{key}.max_log_alpha", rule, limit)


@dataclass(kw_only=True)
class VariationalDropoutConfig:
    """The posterior, and the weight of its divergence from the prior.

    Attributes:
        kl_weight: of KL / N in the loss; 1 makes it the negative variational bound.
        kl_warm_up: fraction of the training over which that weight rises linearly from zero.
        lr_log_variances: Adam's rate of log σ².
        initial_log_variance: log σ² of every weight at the start.
        max_log_alpha: a weight with a higher log α is removed.
    """

    key: ClassVar[str] = "method.variational_dropout"

    kl_weight: float = 10.0
    kl_warm_up: float = 0.3
    lr_log_variances: float = 1e-2
    initial_log_variance: float = -8.0
    max_log_alpha: float = 3.0

    def __post_init__(self) -> None:
        check_posterior(self.key, self, ("kl_weight", "lr_log_variances"))


class VariationalDropout(TrainedMethod[VariationalDropoutConfig]):
    """The method."""

    def cluster(self, start: Preparation) -> Clustered:
        """Train the posterior, remove what is noise, find the centroids of the rest by k-means.

        Raises:
            RetrainError: a loss is not finite, or there is no weight.
        """
        weights = start.flat_weights()
        recorder = record_weights(start, weights)
        posterior = Posterior(start, weights, self.config, self.retrain.seed)
        with posterior.noise.added():
            train(start, weights, self.retrain, "variational", posterior)
        kept = posterior.kept()
        weights.values.mul_(kept)
        recorder.retrained()
        tensors = quantise(weights, kept.long(), self.after.num_centroids)
        return Clustered(weights, tensors, recorder)


class Posterior(Addition):
    """The normal posterior of all weights, whose means are the weights themselves.

    The divergence costs about as much as a small network does, so that each step takes the gradient
    of one part of the weights in turn, as many times as strong as there are parts.

    Attributes:
        num_parts: how many there are.
        log_variances: log σ² of each weight.
        noise: adds what the variances do.
    """

    num_parts: ClassVar[int] = 2

    def __init__(
        self, start: Preparation, weights: FlatWeights, config: VariationalDropoutConfig, seed: int
    ) -> None:
        self.weights, self.config = weights, config
        self.num_examples = len(start.training_set)
        self.log_variances = nn.Parameter(
            torch.full_like(weights.values, config.initial_log_variance)
        )
        self.part = slice(0)
        self.noise = WeightNoise(start.network, weights, self.log_variances, start.probe, seed)

    def parameters(self) -> list[dict[str, Any]]:
        """Train log σ², too."""
        return [{"params": [self.log_variances], "lr": self.config.lr_log_variances}]

    def before_step(self, done: int, num_steps: int) -> None:
        """Clear the gradient of log σ², and take the next part of the weights."""
        self.noise.zero_gradient()
        number, total = done % self.num_parts, self.weights.values.numel()
        begin, end = (total * place // self.num_parts for place in (number, number + 1))
        self.part = slice(begin, end)

    def in_use(self, *, training: bool) -> AbstractContextManager[None]:
        """Let the network have what noise goes into the weights themselves."""
        return self.noise.in_use(training=training)

    def weight(self, fraction: float) -> float:
        """Return the weight of a part's KL in the loss at this point of the training."""
        warm = warm_up(fraction, self.config.kl_warm_up)
        return self.num_parts * self.config.kl_weight * warm / self.num_examples

    @torch.no_grad()
    def add_gradients(self, fraction: float) -> None:
        """Add the gradients of the weighted KL / N."""
        weight, part = self.weight(fraction), self.part
        means, log_variances = self.weights.values[part], self.log_variances.data[part]
        by_mean, by_variance = kl_gradients(means, log_variances)
        self.weights.gradient[part].add_(by_mean, alpha=weight)
        self.noise.gradient[part].add_(by_variance, alpha=weight)

    def complexity_loss(self) -> float:
        """KL in nats."""
        return float(kl_divergence(self.log_alpha()).sum())

    def log_alpha(self) -> Float[Tensor, " weights"]:
        """Return log α of each weight, within the limits."""
        squares = self.weights.values.square() + TINY
        return (self.log_variances.detach() - squares.log()).clamp(-LIMIT, LIMIT)

    def kept(self) -> Bool[Tensor, " weights"]:
        """Return which weights are more than noise; the surest one always is."""
        log_alpha = self.log_alpha()
        return log_alpha <= max(self.config.max_log_alpha, float(log_alpha.min()))

    def nonzero_fraction(self) -> float:
        """Share of the weights that are more than noise."""
        return float(self.kept().float().mean())

    def save(self) -> State:
        """Return the variances and the state of the noise."""
        return {"log_variances": self.log_variances.detach(), "noise": self.noise.state()}

    def restore(self, state: State) -> None:
        """Take over what ``save`` returned."""
        fill(self.log_variances, state["log_variances"])
        self.noise.restore(state["noise"])


def kl_divergence(log_alpha: Float[Tensor, " weights"]) -> Float[Tensor, " weights"]:
    """Return KL(q || p) of each weight in nats, by the approximation of Eq. 14.

    The log-uniform prior is improper: the divergence is defined up to a constant, and this one
    tends to zero as α grows.
    """
    sigmoid = torch.sigmoid(K2 + K3 * log_alpha)
    return K1 - K1 * sigmoid + 0.5 * nn.functional.softplus(-log_alpha)


@torch.no_grad()
def kl_gradients(
    means: Float[Tensor, " weights"], log_variances: Float[Tensor, " weights"]
) -> tuple[Float[Tensor, " weights"], Float[Tensor, " weights"]]:
    """Return the derivatives of each weight's divergence by its mean θ and by its log σ².

    Nothing pulls where |log α| is beyond the limit.
    """
    squares = means.square().add_(TINY)
    log_alpha = log_variances - squares.log()
    inside = log_alpha.abs() < LIMIT
    slope = kl_slope(log_alpha.clamp_(-LIMIT, LIMIT)).mul_(inside)
    # log α falls with log θ²: d log(θ² + ε)/dθ is 2 θ / (θ² + ε)
    by_mean = slope.mul(means).div_(squares).mul_(-2)
    return by_mean, slope


def kl_slope(log_alpha: Float[Tensor, " weights"]) -> Float[Tensor, " weights"]:
    """Return the derivative of ``kl_divergence`` by log α, which is never positive."""
    sigmoid = torch.sigmoid(K2 + K3 * log_alpha)
    return (sigmoid - 1).mul_(sigmoid).mul_(K1 * K3).sub_(torch.sigmoid(-log_alpha), alpha=0.5)
