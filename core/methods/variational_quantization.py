"""Variational network quantization (Achterhold, Koehler, Schmeink & Genewein 2018).

As in variational dropout a weight has a normal posterior N(θ, σ²) and local noise, but the prior
is a quantizing one: log-uniform spikes at every value of a codebook {-a, 0, b}, so that a weight is
drawn to one of three values, its uncertainty growing there. Its divergence is approximated by that
of one spike, F, moved to each value and windowed (their Eq. 9 and 10):

    KL(θ, σ) = Σ_{k: c_k ≠ 0} Ω(θ - c_k) F(θ - c_k, σ) + Ω_0(θ) F(θ, σ)
    Ω(ρ) = exp(-ρ² / 2 τ²),    Ω_0(θ) = 1 - Σ_{k: c_k ≠ 0} Ω(θ - c_k)

a and b of each layer are trained with the weights. In the end a weight becomes the nearest of the
three values, and zero where its log α is beyond a threshold: pruned and quantised at once.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.checkpoint import State, fill
from core.errors import require
from core.methods.interface import Clustered, record_weights
from core.methods.training import train
from core.methods.variational_dropout import (
    LIMIT,
    TINY,
    Posterior,
    VariationalDropoutConfig,
    kl_divergence,
    kl_slope,
)
from core.post_processing import PostProcessingConfig, QuantisedTensor
from core.preparation import Preparation
from core.retraining import FlatWeights, RetrainConfig
from core.shrinking.equalising import scale_of


@dataclass(kw_only=True)
class VariationalQuantizationConfig(VariationalDropoutConfig):
    """The posterior and its prior: what variational dropout has, and the codebook.

    Attributes:
        codebook_scale: a and b of a layer at the start, over the size of its weights that matter
            (the root of the fourth moment over the second).
        window: τ over a or b at the start.
        lr_codebook: Adam's rate of a and b.
    """

    key: ClassVar[str] = "method.variational_quantization"

    kl_weight: float = 2.0
    max_log_alpha: float = 2.0
    codebook_scale: float = 0.8
    window: float = 0.375
    lr_codebook: float = 2e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("codebook_scale", "window", "lr_codebook"):
            value = getattr(self, name)
            require(value > 0, f"{self.key}.{name}", "> 0", value)


@dataclass(frozen=True)
class VariationalQuantization:
    """The method.

    Attributes:
        config: its own hyperparameters.
        retrain: epochs, batch size, the weights' rate and its schedule, and the seed.
        post_processing: what follows.
    """

    config: VariationalQuantizationConfig
    retrain: RetrainConfig
    post_processing: PostProcessingConfig

    @property
    def num_epochs(self) -> int:
        """Epochs of the training of the posterior."""
        return self.retrain.num_epochs

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
        windows: τ of each layer.
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
        self.windows = [config.window * size for size in sizes]

    def parameters(self) -> list[dict[str, Any]]:
        """Train log σ² and the codebooks, too."""
        codebook = {"params": [self.codes], "lr": self.config.lr_codebook}
        return [*super().parameters(), codebook]

    @torch.no_grad()
    def add_gradients(self, fraction: float) -> None:
        """Add the gradients of the weighted KL / N, of one part of the weights."""
        weight, part = self.weight(fraction), self.part
        self.codes.grad = torch.zeros_like(self.codes)
        end = 0
        for index, shape in enumerate(self.weights.shapes):
            begin, end = end, end + shape.numel()
            here = slice(max(begin, part.start), min(end, part.stop))
            if here.start >= here.stop:
                continue
            by_mean, by_variance, by_codes = quantizing_gradients(
                self.weights.values[here],
                self.log_variances.data[here],
                self.codes.data[index],
                self.windows[index],
            )
            self.weights.gradient[here].add_(by_mean, alpha=weight)
            self.noise.gradient[here].add_(by_variance, alpha=weight)
            self.codes.grad[index].add_(by_codes, alpha=weight)

    @torch.no_grad()
    def complexity_loss(self) -> float:
        """KL in nats."""
        layers = zip(
            self.weights.split(self.weights.values),
            self.weights.split(self.log_variances.data),
            self.codes,
            self.windows,
            strict=True,
        )
        return sum(
            float(quantizing_divergence(theta.reshape(-1), log_v.reshape(-1), codes, tau).sum())
            for theta, log_v, codes, tau in layers
        )

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
    tau: float,
) -> Float[Tensor, " weights"]:
    """Return the divergence of each weight in nats, by the approximation above.

    Args:
        means: θ.
        log_variances: log σ².
        codes: the values of the codebook that are not zero.
        tau: width of the windows around those.
    """
    at_zero = kl_divergence(_log_alpha(means, log_variances))
    total = at_zero.clone()
    for code in codes:
        distance = means - code
        window = torch.exp(-distance.square() / (2 * tau**2))
        total += window * (kl_divergence(_log_alpha(distance, log_variances)) - at_zero)
    return total


def quantizing_gradients(
    means: Float[Tensor, " weights"],
    log_variances: Float[Tensor, " weights"],
    codes: Float[Tensor, " codes"],
    tau: float,
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
        window = distance.square().mul_(-1 / (2 * tau**2)).exp_()
        at_code, mean_at_code, variance_at_code = _spike(distance, log_variances)
        # Ω'(ρ) = -ρ/τ² Ω(ρ); the code moves what the mean moves, the other way
        pulled = at_code.sub_(at_zero).mul_(distance).mul_(-1 / tau**2).add_(mean_at_code)
        pulled.mul_(window)
        by_codes.append(-pulled.sum())
        by_mean.add_(pulled).addcmul_(window, mean_at_zero, value=-1)
        by_variance.addcmul_(window, variance_at_code.sub_(variance_at_zero))
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
