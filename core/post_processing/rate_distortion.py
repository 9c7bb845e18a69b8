"""Rate-distortion assignment: each weight goes where distortion and bits together cost least.

A weight at codebook entry k costs ½ h (w - c_k)² + lambda bits_k: its share of the error loss to
second order, with the curvature h from Adam's second moment, and the length of its code. The
lengths are those of a simple model of the file: the position from the non-zeros of its row and
column, the value from how often an entry is used. So Eq. 6 goes on with code lengths in the place
of -log p(w). Entropy-constrained quantisation after Chou, Lookabaugh & Gray (1989); the curvature
as in Choi, El-Khamy & Lee (2017), §3.3.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

CURVATURE_FLOOR = 0.05  # of the mean: a weight that never saw a gradient is not free to move
STRAY = 0.25  # what an empty row or column counts, in non-zeros


def curvature(
    second_moment: Float[Tensor, " weights"], num_steps: int, beta2: float, batch_size: int
) -> Float[Tensor, " weights"]:
    """Return the second derivative of the mean error loss, estimated by the Fisher information.

    Args:
        second_moment: Adam's running mean of squared gradients, each of a batch's mean loss.
        num_steps: steps it has run for, to remove its bias.
        beta2: its decay.
        batch_size: the gradient of a batch's mean has 1/batch_size of one example's variance.
    """
    fisher = batch_size * second_moment / (1 - beta2**num_steps)
    return fisher.clamp_min(CURVATURE_FLOOR * float(fisher.mean()) if fisher.numel() else 0.0)


def code_lengths(
    shape: torch.Size,
    places: Int[Tensor, " weights"],
    entries: Int[Tensor, " weights"],
    num_entries: int,
) -> Float[Tensor, "weights entries"]:
    """Return the nats that each entry would cost each weight, given where all others stand.

    A non-zero at row r and column c has the probability n_r n_c / n, the counts being those of the
    other non-zeros of the row, the column and the tensor: it is cheap among others and dear alone.

    Args:
        shape: of the tensor; its first axis are the rows, the others together the columns.
        places: flat index of each weight in the tensor.
        entries: where each stands now, 0 for zero; weights not listed are zero.
        num_entries: length of the codebook, the zero included.
    """
    rows = shape[0]
    columns = shape.numel() // rows
    row, column = places // columns, places % columns
    nonzero = (entries > 0).double()
    of_row = nonzero.new_zeros(rows).index_add_(0, row, nonzero)
    of_column = nonzero.new_zeros(columns).index_add_(0, column, nonzero)
    total = max(1.0, float(nonzero.sum()))
    in_row = (of_row[row] - nonzero).clamp_min(STRAY)
    in_column = (of_column[column] - nonzero).clamp_min(STRAY)
    probability = (in_row * in_column / total).clamp(1 / (2 * shape.numel()), 0.9)
    used = torch.bincount(entries, minlength=num_entries)[1:].double() + 0.5
    of_value = (used / used.sum()).log()
    lengths = torch.empty(len(places), num_entries, dtype=torch.float32, device=places.device)
    lengths[:, 0] = -torch.log1p(-probability)
    lengths[:, 1:] = -probability.log()[:, None] - of_value
    return lengths


def assign(
    latents: Float[Tensor, " weights"],
    codebook: Float[Tensor, " entries"],
    curvatures: Float[Tensor, " weights"],
    lengths: Float[Tensor, "weights entries"],
    rate_weight: float,
) -> Int[Tensor, " weights"]:
    """Return the entry of least cost for each weight.

    Args:
        latents: the values the weights would like to have.
        codebook: the values they can have, the zero first.
        curvatures: second derivatives of the mean error loss.
        lengths: nats of each entry for each weight.
        rate_weight: weight of a nat in the error loss, tau / N as of the complexity loss.
    """
    distortion = 0.5 * curvatures[:, None] * (latents[:, None] - codebook).square()
    return (distortion + rate_weight * lengths).argmin(dim=1)
