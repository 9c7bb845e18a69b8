"""The prior on few sampled weights, an unbiased estimate for very large networks (Appendix C).

Of I weights K are drawn, and what they give is multiplied by I/K (Eq. 13). One is drawn from each
of K equally long stretches of the weights. So every weight has the same chance, as in a draw from
all of them, but the estimate varies less, takes O(K) time, and is exact where K is I.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.prior.exact import add_exact_gradient
from core.prior.mixture import GaussianMixturePrior
from core.prior.statistics import ResponsibilityStatistics


def draw_places(
    num_weights: int, num_sampled: int, generator: torch.Generator
) -> Int[Tensor, " sampled"]:
    """Draw the indices of weights, on the generator's device; all where there are no more."""
    uniform = torch.rand(
        min(num_sampled, num_weights),
        dtype=torch.float64,
        device=generator.device,
        generator=generator,
    )
    return places_at(num_weights, uniform)


def places_at(num_weights: int, uniform: Float[Tensor, " sampled"]) -> Int[Tensor, " sampled"]:
    """Return the index of one weight out of each of equally long stretches.

    Args:
        num_weights: number of weights to draw from.
        uniform: where in its stretch each index lies, in [0, 1) and in double precision.
    """
    stretches = torch.arange(len(uniform), dtype=uniform.dtype, device=uniform.device)
    places = (stretches + uniform) * (num_weights / len(uniform))
    return places.long().clamp_(max=num_weights - 1)


def add_sampled_gradient(
    prior: GaussianMixturePrior,
    weights: Float[Tensor, " weights"],
    gradient: Float[Tensor, " weights"],
    scale: float,
    places: Int[Tensor, " sampled"],
) -> ResponsibilityStatistics:
    """Add an estimate of ``scale`` times the complexity loss's slope and estimate the statistics.

    Args:
        prior: the prior; its mixture is read, not changed.
        weights: all weights.
        gradient: their gradient; only that of the drawn weights is added to, in place.
        scale: factor on the slope, tau / N in training.
        places: indices of the drawn weights; one that is drawn twice counts twice.
    """
    factor = weights.numel() / places.numel()
    slopes = torch.zeros_like(places, dtype=gradient.dtype)
    drawn = add_exact_gradient(prior, weights.detach()[places], slopes, scale * factor)
    gradient.index_add_(0, places, slopes)
    return ResponsibilityStatistics(
        negative_log_likelihood=factor * drawn.negative_log_likelihood,
        shares=factor * drawn.shares,
        deviations=factor * drawn.deviations,
        squares=factor * drawn.squares,
    )
