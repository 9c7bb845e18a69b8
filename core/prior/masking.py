"""Leaving out the weights that the zero component claims, in one pass over all weights."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.prior import kernels
from core.prior.mixture import GaussianMixture, zero_interval


def leave_out_zeros(
    weights: Float[Tensor, " weights"], mixture: GaussianMixture
) -> Float[Tensor, " weights"]:
    """Set the weights that the zero component claims to zero, in place.

    Returns:
        The weights as they were, to be copied back.
    """
    low, high = zero_interval(mixture)
    if weights.device.type == "cpu" and weights.dtype == torch.float32:
        before = torch.empty_like(weights)
        kernels.leave_out(weights.numpy(), np.float32(low), np.float32(high), before.numpy())
    else:
        before = weights.clone()
        weights.masked_fill_((weights > low) & (weights < high), 0.0)
    return before
