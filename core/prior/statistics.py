"""What the mixture needs to know of all weights: the sufficient statistics of its responsibilities.

Every form of the prior ends here, so that the gradients of the mixture's parameters are written
down once. They are those of expectation-maximisation: with r_ij the responsibility of component j
for weight i, the derivatives of -sum_i log p(w_i) follow from sum_i r_ij and from the first two
moments of the weights about the means.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from core.prior.mixture import GaussianMixturePrior


@dataclass(frozen=True)
class ResponsibilityStatistics:
    """Sums over all weights.

    Attributes:
        negative_log_likelihood: -sum_i log p(w_i) in nats.
        shares: sum_i r_ij, the number of weights that a component answers for.
        deviations: sum_i r_ij (w_i - mu_j).
        squares: sum_i r_ij (w_i - mu_j)².
    """

    negative_log_likelihood: float
    shares: Float[Tensor, " components"]
    deviations: Float[Tensor, " components"]
    squares: Float[Tensor, " components"]


def set_mixture_gradients(
    prior: GaussianMixturePrior, statistics: ResponsibilityStatistics, scale: float
) -> float:
    """Set ``.grad`` of the mixture's parameters to ``scale`` times the complexity loss's gradient.

    The zero component's mean stays where it is. A fixed zero mixing proportion gets no gradient.

    Returns:
        The complexity loss in nats, hyper-priors included, unscaled.
    """
    mixture = prior.mixture
    with torch.no_grad():
        precisions = mixture.log_precisions.exp()
        means = -precisions * statistics.deviations
        means[0] = 0
        widths = 0.5 * (precisions * statistics.squares - statistics.shares)
        widths += prior.precisions.gradient(mixture.log_precisions)
        others = statistics.shares[1:]
        mixing = others.sum() * torch.softmax(mixture.mixing_logits, dim=0) - others
        mixture.means.grad = scale * means
        mixture.log_precisions.grad = scale * widths
        mixture.mixing_logits.grad = scale * mixing
        if prior.zero_proportion is not None:
            expected = statistics.shares.sum() * torch.sigmoid(mixture.zero_mixing_logit)
            pull = prior.zero_proportion.gradient(mixture.zero_mixing_logit)
            mixture.zero_mixing_logit.grad = scale * (expected - statistics.shares[0] + pull)
        return statistics.negative_log_likelihood + float(prior.hyper_loss())
