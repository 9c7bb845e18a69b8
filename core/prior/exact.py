"""The prior without approximation: closed-form gradients over all weights, in blocks.

No graph is kept and memory stays at one block of weights times components, but the time is still
I x J. It serves any device, and where the table of ``tabulated`` cannot keep its error bound.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from core.prior.mixture import DTYPE, GaussianMixturePrior
from core.prior.statistics import ResponsibilityStatistics

# exp is a hundred times slower where its result is no normal number in single precision.
UNDERFLOW = -80.0
BLOCK = 1 << 14  # weights at once: a block of 17 components stays within the second-level cache
ACCELERATOR_BLOCK = 1 << 18  # an accelerator needs more at once than that to be busy


def add_exact_gradient(
    prior: GaussianMixturePrior,
    weights: Float[Tensor, " weights"],
    gradient: Float[Tensor, " weights"],
    scale: float,
) -> ResponsibilityStatistics:
    """Add ``scale`` times the complexity loss's slope to ``gradient`` and sum the statistics."""
    mixture = prior.mixture
    with torch.no_grad():
        precisions = mixture.log_precisions.exp().to(weights.dtype)
        means = mixture.means.to(weights.dtype)
        log_scales = mixture.log_scales().to(weights.dtype)
        loss = torch.zeros((), dtype=DTYPE, device=weights.device)
        sums = torch.zeros(3, mixture.num_components, dtype=DTYPE, device=weights.device)
        size = BLOCK if weights.device.type == "cpu" else ACCELERATOR_BLOCK
        for block, slope in zip(weights.split(size), gradient.split(size), strict=True):
            distances = block[:, None] - means
            pulls = precisions * distances
            joint = log_scales - 0.5 * pulls * distances
            largest = joint.amax(dim=1, keepdim=True)
            responsibilities = joint.sub_(largest).clamp_(min=UNDERFLOW).exp_()
            totals = responsibilities.sum(dim=1, keepdim=True)
            responsibilities /= totals
            log_densities = largest + totals.log()
            slope.add_((responsibilities * pulls).sum(dim=1), alpha=scale)
            loss -= log_densities.sum(dtype=DTYPE)
            moments = responsibilities * distances
            sums[0] += responsibilities.sum(dim=0)
            sums[1] += moments.sum(dim=0)
            sums[2] += moments.mul_(distances).sum(dim=0)
    return ResponsibilityStatistics(float(loss), sums[0], sums[1], sums[2])
