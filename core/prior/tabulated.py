"""The prior from a table: its cost does not depend on the number of components.

The complexity loss is a sum over weights of one function of one number, f(w) = -log p(w). So f'
is tabulated on few nodes, every weight gets its slope by linear interpolation, and the gradients
of the mixture come from the weights binned linearly on the same nodes: O(I + M J) for I weights,
J components and M nodes. The nodes lie in even cells over the range of the weights, each cell
divided as finely as a stated bound on the error of the slope asks (``kernels.subdivide``).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.prior import kernels
from core.prior.mixture import DTYPE, GaussianMixturePrior
from core.prior.statistics import ResponsibilityStatistics

NUM_CELLS = 128


@dataclass(frozen=True)
class Table:
    """f and its slope on uneven nodes, for one state of the mixture.

    Attributes:
        low: left end of the first cell.
        cell_width: width of a cell.
        subdivisions: intervals of every cell.
        first_nodes: index of every cell's first node; its last node is the next cell's first.
        nodes: places of the nodes, ascending.
        values: -log p on the nodes, in nats.
        slopes: f' on the nodes.
        responsibilities: of every component on every node.
    """

    low: float
    cell_width: float
    subdivisions: kernels.Integers
    first_nodes: kernels.Integers
    nodes: kernels.Doubles
    values: kernels.Doubles
    slopes: kernels.Singles
    responsibilities: kernels.Doubles


def build_table(
    prior: GaussianMixturePrior, low: float, high: float, error: float, max_nodes: int
) -> Table | None:
    """Tabulate f' on [low, high] within ``error`` of its largest slope there.

    Returns:
        The table, or None where the bound would need more than ``max_nodes`` nodes.
    """
    mixture = prior.mixture
    means = mixture.means.detach().numpy()
    precisions = mixture.log_precisions.detach().exp().numpy()
    log_scales = mixture.log_scales().detach().numpy()
    width = max((high - low) / NUM_CELLS, 1e-6)
    edges: kernels.Doubles = low + width * np.arange(NUM_CELLS + 1, dtype=np.float64)
    subdivisions = np.empty(NUM_CELLS, np.int64)
    kernels.subdivide(edges, means, precisions, log_scales, error, subdivisions)
    num_nodes = int(subdivisions.sum()) + 1
    if num_nodes > max_nodes:
        return None
    first_nodes = np.cumsum(subdivisions) - subdivisions
    within = np.arange(num_nodes - 1) - np.repeat(first_nodes, subdivisions)
    fractions = within / np.repeat(subdivisions, subdivisions)
    nodes = np.append(np.repeat(edges[:-1], subdivisions) + width * fractions, edges[-1])
    values, slopes = np.empty(num_nodes), np.empty(num_nodes, np.float32)
    responsibilities = np.empty((num_nodes, mixture.num_components))
    kernels.tabulate(nodes, means, precisions, log_scales, values, slopes, responsibilities)
    return Table(low, width, subdivisions, first_nodes, nodes, values, slopes, responsibilities)


def add_tabulated_gradient(
    prior: GaussianMixturePrior,
    weights: Float[Tensor, " weights"],
    gradient: Float[Tensor, " weights"],
    scale: float,
    error: float,
) -> ResponsibilityStatistics | None:
    """Add ``scale`` times the complexity loss's slope to ``gradient`` and sum the statistics.

    Args:
        prior: the prior; its mixture is read, not changed.
        weights: all weights, on the CPU in single precision.
        gradient: their gradient, added to in place.
        scale: factor on the slope, tau / N in training.
        error: bound on the error of a slope, relative to the largest slope between the smallest
            and the largest weight.

    Returns:
        The statistics, or None (and an unchanged gradient) where the bound cannot be met with
        fewer nodes than a quarter of the weights: the exact form is cheaper then.
    """
    low, high = (float(bound) for bound in torch.aminmax(weights))
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    table = build_table(prior, low, high, error, max_nodes=max(1024, weights.numel() // 4))
    if table is None:
        return None
    counts = np.empty(table.nodes.shape[0])
    kernels.interpolate(
        weights.detach().numpy(),
        gradient.numpy(),
        scale,
        table.low,
        table.cell_width,
        table.subdivisions,
        table.first_nodes,
        table.slopes,
        counts,
    )
    sums = np.empty((3, prior.mixture.num_components))
    means = prior.mixture.means.detach().numpy()
    kernels.sum_statistics(
        table.nodes, counts, table.responsibilities, means, sums[0], sums[1], sums[2]
    )
    moments = torch.from_numpy(sums).to(DTYPE)
    return ResponsibilityStatistics(
        float(counts @ table.values), moments[0], moments[1], moments[2]
    )
