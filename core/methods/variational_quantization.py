"""Variational network quantization (Achterhold, Koehler, Schmeink & Genewein 2018).

As in variational dropout a weight has a normal posterior N(θ, σ²) and local noise, but the prior
is a quantizing one: log-uniform spikes at every value of a codebook {-a, 0, b} (§3.1), so that a
weight is drawn to one of three values, its uncertainty growing there. Its divergence is
approximated by that of one spike, F, moved to each value c and windowed (§3.3):

    KL(θ, σ) = Σ_{c ≠ 0} Ω_c(θ) F(θ - c, σ) + (1 - Σ_{c ≠ 0} Ω_c(θ)) F(θ, σ)
    Ω_c(θ) = exp(-(θ - c)² / 2 τ²),    τ = τ_0 |c|

Theirs is symmetric, a = b, and fitted at a = 0.2; another a rescales θ and σ (App. A.4), which
leaves F as it is and widens the windows with a, hence τ. The values of each layer are trained with
the weights, far more slowly, and kept from collapsing; means are kept from wandering off beyond the
outer values (§4). In the end a weight becomes the nearest of the three values (§3.2), and zero
where its log α is beyond a threshold: pruned and quantised at once.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.checkpoint import State, fill
from core.errors import require
from core.methods.interface import Clustered, record_weights
from core.methods.trained import TrainedMethod
from core.methods.training import train
from core.methods.variational_dropout import (
    LIMIT,
    TINY,
    Posterior,
    VariationalDropoutConfig,
    kl_divergence,
    kl_slope,
)
from core.post_processing import QuantisedTensor
from core.preparation import Preparation
from core.retraining import FlatWeights
from core.shrinking.equalising import scale_of

FUNNEL = math.exp(-3 / 2)  # θ is at most so many σ beyond an outer value: a log α of 3 there (§4)
LEAST_CODE = 0.25  # of a value of the codebook, as a share of where it began (§4: 0.05 of 0.2)


@dataclass(kw_only=True)
class VariationalQuantizationConfig(VariationalDropoutConfig):
    """The posterior and its prior: what variational dropout has, and the codebook.

    Attributes:
        codebook_scale: a and b of a layer at the start, over the size of its weights that matter
            (the root of the fourth moment over the second).
        window: τ_0, the width of a window over its value.
        lr_codebook: Adam's rate of a and b.
    """

    key: ClassVar[str] = "method.variational_quantization"

    kl_weight: float = 6.0
    max_log_alpha: float = 2.0
    codebook_scale: float = 2.5
    window: float = 0.375
    lr_codebook: float = 2e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("codebook_scale", "window", "lr_codebook"):
            value = getattr(self, name)
            require(value > 0, f"{self.key}.{name}", "> 0", value)


class VariationalQuantization(TrainedMethod[VariationalQuantizationConfig]):
    """The method."""

    def cluster(self, start: Preparation) -> Clustered:
        """Train the posterior under the quantizing prior, and take every weight to its value.

        Raises:
            RetrainError: a loss is not finite, or there is no weight.
        """
        weights = start.flat_weights()
        recorder = record_weights(start, weights)
        posterior = TernaryPosterior(start, weights, self.config, self.retrain.seed)
        with posterior.noise.added():
            train(start, weights, self.retrain, "variational", posterior)
        recorder.retrained()
        return Clustered(weights, posterior.quantised(), recorder)


class TernaryPosterior(Posterior):
    """The normal posterior of all weights under the quantizing prior.

    Attributes:
        codes: -a and b of each layer.
        least: magnitude that those of each layer do not fall below.
    """

    num_parts: ClassVar[int] = 8
    config: VariationalQuantizationConfig

    def __init__(
        self,
        start: Preparation,
        weights: FlatWeights,
        config: VariationalQuantizationConfig,
        seed: int,
    ) -> None:
        super().__init__(start, weights, config, seed)
        sizes = [config.codebook_scale * scale_of(v) for v in weights.split(weights.values)]
        sizes = [max(size, TINY) for size in sizes]
        self.codes = nn.Parameter(
            weights.values.new_tensor([[-size, size] for size in sizes]).view(-1, 2)
        )
        self.least = LEAST_CODE * self.codes.data[:, 1]

    def parameters(self) -> list[dict[str, Any]]:
        """Train log σ² and the codebooks, too."""
        codebook = {"params": [self.codes], "lr": self.config.lr_codebook}
        return [*super().parameters(), codebook]

    @torch.no_grad()
    def add_gradients(self, fraction: float) -> None:
        """Add the gradients of the weighted KL / N, of one part of the weights."""
        weight = self.weight(fraction)
        self.codes.grad = torch.zeros_like(self.codes)
        for index, here in self.in_part():
            by_mean, by_variance, by_codes = quantizing_gradients(
                self.weights.values[here],
                self.log_variances.data[here],
                self.codes.data[index],
                self.config.window,
            )
            self.weights.gradient[here].add_(by_mean, alpha=weight)
            self.noise.gradient[here].add_(by_variance, alpha=weight)
            self.codes.grad[index].add_(by_codes, alpha=weight)

    @torch.no_grad()
    def after_step(self, done: int, num_steps: int) -> None:
        """Keep the codebooks from collapsing, and means of this part within the outer funnels."""
        self.codes.data[:, 0].clamp_(max=-self.least)
        self.codes.data[:, 1].clamp_(min=self.least)
        for index, here in self.in_part():
            reach = self.log_variances.data[here].mul(0.5).exp_().mul_(FUNNEL)
            lowest, highest = self.codes.data[index]
            means = self.weights.values[here]
            torch.clamp(means, lowest - reach, highest + reach, out=means)

    def in_part(self) -> Iterator[tuple[int, slice]]:
        """Yield each layer that has weights in the part whose turn it is, and which those are."""
        end = 0
        for index, shape in enumerate(self.weights.shapes):
            begin, end = end, end + shape.numel()
            here = slice(max(begin, self.part.start), min(end, self.part.stop))
            if here.start < here.stop:
                yield index, here

    @torch.no_grad()
    def complexity_loss(self) -> float:
        """KL in nats."""
        window = self.config.window
        layers = zip(
            self.weights.split(self.weights.values),
            self.weights.split(self.log_variances.data),
            self.codes.data,
            strict=True,
        )
        divergences = [
            quantizing_divergence(means.reshape(-1), variances.reshape(-1), codes, window)
            for means, variances, codes in layers
        ]
        return sum(float(divergence.sum()) for divergence in divergences)

    def nonzero_fraction(self) -> float:
        """Share of the weights whose value is not zero."""
        tensors = self.quantised()
        return sum(t.num_nonzeros for t in tensors) / max(1, self.weights.values.numel())

    @torch.no_grad()
    def quantised(self) -> list[QuantisedTensor]:
        """Return every weight at its value."""
        kept = self.weights.split(self.kept())
        tensors = []
        for name, theta, stays, codes in zip(
            self.weights.names,
            self.weights.split(self.weights.values),
            kept,
            self.codes.data,
            strict=True,
        ):
            codebook = torch.cat([codes.new_zeros(1), codes])
            nearest = (theta[..., None] - codebook).abs().argmin(dim=-1)
            tensors.append(QuantisedTensor(name, nearest * stays, codebook.clone()))
        return tensors

    def save(self) -> State:
        """Return the posterior and the codebooks."""
        return {**super().save(), "codes": self.codes.detach()}

    def restore(self, state: State) -> None:
        """Take over what ``save`` returned."""
        super().restore(state)
        fill(self.codes, state["codes"])


def quantizing_divergence(
    means: Float[Tensor, " weights"],
    log_variances: Float[Tensor, " weights"],
    codes: Float[Tensor, " codes"],
    window: float,
) -> Float[Tensor, " weights"]:
    """Return the divergence of each weight in nats, by the approximation above.

    Args:
        means: θ.
        log_variances: log σ².
        codes: the values of the codebook that are not zero.
        window: width of the windows around those, over their magnitudes.
    """
    at_zero = kl_divergence(_log_alpha(means, log_variances))
    total = at_zero.clone()
    for code in codes:
        distance = means - code
        share = torch.exp(-distance.square() / (2 * (window * code) ** 2))
        total += share * (kl_divergence(_log_alpha(distance, log_variances)) - at_zero)
    return total


def quantizing_gradients(
    means: Float[Tensor, " weights"],
    log_variances: Float[Tensor, " weights"],
    codes: Float[Tensor, " codes"],
    window: float,
) -> tuple[
    Float[Tensor, " weights"],
    Float[Tensor, " weights"],
    Float[Tensor, " codes"],
]:
    """Return the derivatives of the divergence by θ and log σ² of each weight, and by each code."""
    at_zero, mean_at_zero, variance_at_zero = _spike(means, log_variances)
    by_mean, by_variance = mean_at_zero.clone(), variance_at_zero.clone()
    by_codes = []
    for code in codes:
        distance = means - code
        squared_tau = float(window * code) ** 2
        share = distance.square().mul_(-1 / (2 * squared_tau)).exp_()
        at_code, mean_at_code, variance_at_code = _spike(distance, log_variances)
        # dΩ/dθ = -(θ - c)/τ² Ω; c moves what θ moves, the other way, and widens the window
        sliding = at_code.sub_(at_zero).mul_(share).mul_(distance).mul_(-1 / squared_tau)
        pulled = mean_at_code.mul_(share).add_(sliding)
        by_codes.append(-pulled.sum() - sliding.dot(distance) / code)
        by_mean.add_(pulled).addcmul_(share, mean_at_zero, value=-1)
        by_variance.addcmul_(share, variance_at_code.sub_(variance_at_zero))
    return by_mean, by_variance, torch.stack(by_codes)


def _log_alpha(distance: Tensor, log_variances: Tensor) -> Tensor:
    return (log_variances - (distance.square() + TINY).log()).clamp(-LIMIT, LIMIT)


def _spike(distance: Tensor, log_variances: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the divergence from one spike and its derivatives by distance and log variance."""
    squares = distance.square().add_(TINY)
    log_alpha = log_variances - squares.log()
    inside = log_alpha.abs() < LIMIT
    log_alpha.clamp_(-LIMIT, LIMIT)
    slope = kl_slope(log_alpha).mul_(inside)
    by_distance = (slope * distance).div_(squares).mul_(-2)
    return kl_divergence(log_alpha), by_distance, slope
