"""Low-precision biases: uniform levels of one step a tensor, coded apart from the weights.

32-bit biases would be more than a tenth of our files.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def quantise_uniformly(
    values: Float[Tensor, "..."], num_bits: int
) -> tuple[Int[Tensor, "..."], float]:
    """Round values to signed levels times a step, and choose the step of least squared error.

    Args:
        values: any shape, finite.
        num_bits: a level lies in [-2^(num_bits - 1), 2^(num_bits - 1) - 1].

    Returns:
        The levels and the step; ``levels * step`` is near ``values``. The step is exact in half
        precision, 1 where all values are zero.
    """
    lowest, highest = -(2 ** (num_bits - 1)), 2 ** (num_bits - 1) - 1
    largest = float(values.abs().max()) if values.numel() else 0.0
    if largest == 0:
        return torch.zeros_like(values, dtype=torch.int32), 1.0
    # Clipping the outermost values can pay: steps from half to the whole of what covers all.
    steps = (torch.linspace(0.5, 1.0, 51) * (largest / highest)).half().float()
    steps = steps.clamp_min(torch.finfo(torch.half).tiny)
    errors = torch.stack(
        [((values / s).round().clamp(lowest, highest) * s - values).square().sum() for s in steps]
    )
    step = float(steps[errors.argmin()])
    return (values / step).round().clamp(lowest, highest).to(torch.int32), step
