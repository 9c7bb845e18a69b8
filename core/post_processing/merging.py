"""Merging of components that have come to be the same: paper §4.3 and Eq. 8.

After Adhikari & Hollmén (2012): components whose KL divergence falls below a threshold become one.
Variances are averaged with the mixing proportions as weights, precisions are not.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from core.prior.mixture import GaussianMixture


def kl_divergence(
    means: Float[Tensor, " components"], variances: Float[Tensor, " components"]
) -> Float[Tensor, "components components"]:
    """Return KL(N_i || N_j) in nats for all pairs of components, i down and j across."""
    log_ratio = 0.5 * (variances.log()[None, :] - variances.log()[:, None])
    distance = (means[:, None] - means[None, :]).square()
    return log_ratio + (variances[:, None] + distance) / (2 * variances[None, :]) - 0.5


def merge_components(
    mixture: GaussianMixture, threshold: float, num_weights: int, drop_dead: bool = True
) -> GaussianMixture:
    """Merge close components by Eq. 8, the closest pair first, and drop those no weight needs.

    The zero component stays at exactly zero when another one merges into it. A component whose
    mixing proportion amounts to less than one of ``num_weights`` weights is dead and dropped
    first, so that it takes part in no merging.

    Args:
        mixture: the mixture after retraining; left as it is.
        threshold: pairs are merged while the smaller KL divergence of the two directions,
            in nats, lies below it.
        num_weights: number of weights the mixture describes.
        drop_dead: whether dead components are dropped.

    Returns:
        A mixture with as many components or fewer, the zero component first.
    """
    proportions = mixture.log_mixing_proportions().exp()
    alive = proportions * num_weights >= (1 if drop_dead else 0)
    alive[0] = True
    if not alive[1:].any():
        alive[1 + int(proportions[1:].argmax())] = True
    means, variances = mixture.means[alive], (-mixture.log_precisions[alive]).exp()
    proportions = proportions[alive]
    while len(means) > 2:
        divergence = kl_divergence(means, variances)
        divergence.fill_diagonal_(math.inf)
        first, second = sorted(divmod(int(divergence.argmin()), len(means)))
        if divergence[first, second].minimum(divergence[second, first]) >= threshold:
            break
        pair = torch.tensor([first, second])
        total = proportions[pair].sum()
        variances[first] = (proportions[pair] * variances[pair]).sum() / total
        means[first] = 0.0 if first == 0 else (proportions[pair] * means[pair]).sum() / total
        proportions[first] = total
        keep = torch.arange(len(means)) != second
        means, variances, proportions = means[keep], variances[keep], proportions[keep]
    zero = proportions[0] / proportions.sum()
    return GaussianMixture(
        means=means,
        log_precisions=-variances.log(),
        zero_mixing_logit=torch.logit(zero),
        mixing_logits=proportions[1:].log(),
    )
