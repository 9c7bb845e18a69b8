"""Compiled loops of the tabulated prior for the CPU: choosing nodes, tabulating, one fused pass.

The loops are branchy and short, which is what a compiler does well and vectorised array code does
not: in array operations the same pass costs some ten reads and writes of every weight.
"""

import math

import numpy as np
import numpy.typing as npt

from core.compiling import compiled

Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

PRESENT = math.log(1e-7)  # a component below this responsibility does not bend the slope
NEGLIGIBLE = -40.0  # log of a responsibility that double precision cannot tell from zero
BLOCK = 2048  # weights at a time: what is known of them stays in the first-level cache
FASTMATH = {"contract", "arcp", "nsz"}
LANES = 4  # independent accumulators: most weights fall in few cells, one would wait on itself


@compiled(fastmath=FASTMATH)
def subdivide(
    edges: Doubles,
    means: Doubles,
    precisions: Doubles,
    log_scales: Doubles,
    error: float,
    subdivisions: Integers,
) -> None:
    """Choose for every cell how many intervals keep the interpolated slope within ``error``.

    Linear interpolation errs by at most h²/8 max|f'''|. With z_j = lambda_j (w - mu_j) the slope
    is f' = E[z] under the responsibilities, and its second derivative is made of a third central
    moment of z and a covariance of z with lambda, so that

        |f'''| <= 0.0963 range(z)³ + 0.75 range(z) range(lambda)

    over the components that are present in the cell (Popoviciu's inequalities).

    Args:
        edges: the bounds of the cells, ascending and even, one more than cells.
        means: means of the components.
        precisions: precisions of the components.
        log_scales: log pi_j + 0.5 log(lambda_j / 2 pi).
        error: greatest error of the slope relative to the largest slope at an edge.
        subdivisions: filled with the number of intervals of every cell.
    """
    num_cells, num_components = subdivisions.shape[0], means.shape[0]
    width = edges[1] - edges[0]
    present = np.zeros((num_cells + 1, num_components), np.bool_)
    largest = 0.0
    for edge in range(num_cells + 1):
        best = -np.inf
        for j in range(num_components):
            distance = edges[edge] - means[j]
            best = max(best, log_scales[j] - 0.5 * precisions[j] * distance * distance)
        total, slope = 0.0, 0.0
        for j in range(num_components):
            distance = edges[edge] - means[j]
            joint = log_scales[j] - 0.5 * precisions[j] * distance * distance - best
            present[edge, j] = joint > PRESENT
            if joint > NEGLIGIBLE:
                share = math.exp(joint)
                total += share
                slope += share * precisions[j] * distance
        largest = max(largest, abs(slope / total))
    allowed = 8 * error * max(largest, 1e-12)
    for cell in range(num_cells):
        low_left, high_left, low_right, high_right = np.inf, -np.inf, np.inf, -np.inf
        low_precision, high_precision = np.inf, -np.inf
        for j in range(num_components):
            inside = edges[cell] - width <= means[j] <= edges[cell + 1] + width
            if inside or present[cell, j] or present[cell + 1, j]:
                left = precisions[j] * (edges[cell] - means[j])
                right = precisions[j] * (edges[cell + 1] - means[j])
                low_left, high_left = min(low_left, left), max(high_left, left)
                low_right, high_right = min(low_right, right), max(high_right, right)
                low_precision = min(low_precision, precisions[j])
                high_precision = max(high_precision, precisions[j])
        spread = max(high_left - low_left, high_right - low_right)
        bend = 0.0963 * spread**3 + 0.75 * spread * (high_precision - low_precision)
        subdivisions[cell] = max(1, math.ceil(min(width * math.sqrt(bend / allowed), 1e9)))


@compiled(fastmath=FASTMATH)
def tabulate(
    nodes: Doubles,
    means: Doubles,
    precisions: Doubles,
    log_scales: Doubles,
    values: Doubles,
    slopes: Singles,
    responsibilities: Doubles,
) -> None:
    """Evaluate f = -log p, f' and the responsibilities on every node."""
    num_components = means.shape[0]
    for k in range(nodes.shape[0]):
        best = -np.inf
        for j in range(num_components):
            distance = nodes[k] - means[j]
            joint = log_scales[j] - 0.5 * precisions[j] * distance * distance
            responsibilities[k, j] = joint
            best = max(best, joint)
        total, slope = 0.0, 0.0
        for j in range(num_components):
            joint = responsibilities[k, j] - best
            share = math.exp(joint) if joint > NEGLIGIBLE else 0.0
            responsibilities[k, j] = share
            total += share
            slope += share * precisions[j] * (nodes[k] - means[j])
        for j in range(num_components):
            responsibilities[k, j] /= total
        values[k] = -best - math.log(total)
        slopes[k] = slope / total


@compiled(fastmath=FASTMATH)
def interpolate(
    weights: Singles,
    gradient: Singles,
    scale: float,
    low: float,
    cell_width: float,
    subdivisions: Integers,
    first_nodes: Integers,
    slopes: Singles,
    counts: Doubles,
) -> None:
    """Add ``scale`` f'(w_i) to every weight's gradient and bin the weights linearly on the nodes.

    Args:
        weights: all weights.
        gradient: the gradient of each weight, added to in place.
        scale: factor on the slope, tau / N in training.
        low: left edge of the first cell.
        cell_width: width of a cell.
        subdivisions: intervals of every cell.
        first_nodes: index of every cell's first node.
        slopes: f' on the nodes.
        counts: filled with the number of weights on each node, shared linearly by neighbours.
    """
    num_nodes, last = slopes.shape[0], subdivisions.shape[0] - 1
    whole = np.zeros((num_nodes, LANES), np.int32)
    part = np.zeros((num_nodes, LANES), np.float64)
    finest, first = subdivisions.astype(np.float32), first_nodes.astype(np.int32)
    factor, start, per_cell = np.float32(scale), np.float32(low), np.float32(1 / cell_width)
    limit = np.nextafter(np.float32(last + 1), np.float32(0))  # the last place inside a cell
    cells, fractions = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
    for begin in range(0, weights.shape[0], BLOCK):
        block = weights[begin : begin + BLOCK]
        locate(block, start, per_cell, limit, cells, fractions)
        for i in range(block.shape[0]):
            # An unsigned index spares the test for one that counts from the end.
            cell = np.uint64(cells[i])
            place = fractions[i] * finest[cell]
            step = np.int32(place)
            k = np.uint64(first[cell] + step)
            t = place - np.float32(step)
            slope = slopes[k]
            gradient[np.uint64(begin + i)] += factor * (
                slope + t * (slopes[k + np.uint64(1)] - slope)
            )
            lane = np.uint64(i & (LANES - 1))
            whole[k, lane] += np.int32(1)
            part[k, lane] += t
    counts[:] = 0
    for node in range(num_nodes - 1):
        for column in range(LANES):
            counts[node] += whole[node, column] - part[node, column]
            counts[node + 1] += part[node, column]


@compiled(fastmath=FASTMATH)
def locate(
    weights: Singles,
    start: np.float32,
    per_cell: np.float32,
    limit: np.float32,
    cells: npt.NDArray[np.int32],
    fractions: Singles,
) -> None:
    """Find the cell of every weight and where in it the weight lies, in [0, 1).

    Without a look-up in it the loop runs on a vector of weights at a time.
    """
    for i in range(weights.shape[0]):
        place = min(max((weights[i] - start) * per_cell, np.float32(0)), limit)
        cell = np.int32(place)
        cells[i] = cell
        fractions[i] = place - np.float32(cell)


@compiled(fastmath=FASTMATH)
def sum_statistics(
    nodes: Doubles,
    counts: Doubles,
    responsibilities: Doubles,
    means: Doubles,
    shares: Doubles,
    deviations: Doubles,
    squares: Doubles,
) -> None:
    """Sum responsibilities, and their first and second moments about the means, over the nodes."""
    shares[:], deviations[:], squares[:] = 0, 0, 0
    for k in range(nodes.shape[0]):
        if counts[k] > 0:
            for j in range(means.shape[0]):
                share = counts[k] * responsibilities[k, j]
                distance = nodes[k] - means[j]
                shares[j] += share
                deviations[j] += share * distance
                squares[j] += share * distance * distance


@compiled(fastmath=FASTMATH)
def leave_out(weights: Singles, low: np.float32, high: np.float32, before: Singles) -> None:
    """Set the weights between ``low`` and ``high`` to zero; ``before`` takes all as they were."""
    for i in range(weights.shape[0]):
        weight = weights[i]
        before[i] = weight
        weights[i] = np.float32(0) if low < weight < high else weight
