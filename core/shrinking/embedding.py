"""A smaller tensor as a part of the one it was cut from.

The units of a layer may stand in any order, so those that are left stand first: on every axis of
every tensor the smaller one is the leading block of the whole one, and the rest is zero.
"""

import torch
from jaxtyping import Shaped
from torch import Tensor


def embed(part: Shaped[Tensor, "..."], shape: torch.Size) -> Shaped[Tensor, "..."]:
    """Return zeros of a shape with ``part`` as their leading block, itself where it is the whole.

    Args:
        part: as many axes as ``shape``, none longer.
        shape: of the whole.
    """
    if part.shape == shape:
        return part
    whole = part.new_zeros(shape)
    whole[tuple(slice(length) for length in part.shape)] = part
    return whole
