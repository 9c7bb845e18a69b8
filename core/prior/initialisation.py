"""Where the components begin: means and widths on pre-trained weights (paper §4.2).

Nowlan & Hinton (1992) spread the means evenly over the range of the weights, each component with
significant mass in its own region. The other way that §4.2 names gives every component an equal
share of the weights. Both leave out the zero component, whose mean is zero.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from core.errors import RetrainError
from core.prior.config import Initialisation, PriorConfig

MIN_STD = 1e-4  # of the weights' units; no component is ever narrower
CHUNK = 1 << 12


def check_weights(weights: Float[Tensor, " weights"], config: PriorConfig) -> None:
    """Check that a mixture can begin on these weights.

    Raises:
        RetrainError: there is no weight, not all are finite, or they have fewer distinct values
            than the mixture components.
    """
    if weights.numel() == 0:
        raise RetrainError("the network has no weight that the prior can act on")
    if not all(math.isfinite(float(bound)) for bound in torch.aminmax(weights)):
        raise RetrainError("the reference network has weights that are not finite")
    distinct = weights.new_empty(0)
    for chunk in weights.split(CHUNK):  # the first suffices, save where weights are shared already
        distinct = torch.cat([distinct, chunk]).unique()
        if len(distinct) >= config.num_components:
            return
    raise RetrainError(
        f"prior.num_components must be <= {len(distinct)}, the number of distinct weights, "
        f"but got {config.num_components}; take fewer components"
    )


def initial_components(
    weights: Float[Tensor, " weights"], config: PriorConfig
) -> tuple[Float[Tensor, " others"], Float[Tensor, " others"]]:
    """Return means and standard deviations of all components but the zero one.

    Without ``std_initial`` a component is as wide as its region: half the distance from mean to
    mean where they lie evenly, the standard deviation of its share of the weights otherwise.
    """
    others = config.num_components - 1
    if config.initialisation is Initialisation.equal_mass:
        shares = weights.sort().values.tensor_split(others)
        means = torch.stack([share.mean(dtype=torch.float64) for share in shares])
        stds = torch.stack([share.double().std(correction=0) for share in shares])
    else:
        low, high = (float(bound) for bound in torch.aminmax(weights))
        if config.means_range is not None:
            low, high = -config.means_range, config.means_range
        # One other component has no range to lie on: linspace puts it at the lower end.
        means = torch.linspace(low, high, others, dtype=torch.float64, device=weights.device)
        stds = torch.full_like(means, (high - low) / max(1, others - 1) / 2)
    if config.std_initial is not None:
        stds = torch.full_like(means, config.std_initial)
    return means, stds.clamp_min(MIN_STD)
