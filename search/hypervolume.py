"""How good a whole front is, in one number (Zitzler and Thiele 1998).

The hypervolume is the area that the feasible front dominates, here in points of accuracy kept
below the cap times halvings of the network's bytes: a network of full size, or one at the cap,
counts nothing.
"""

import math
from collections.abc import Iterable, Sequence

from search.pareto import Objectives


def hypervolume(points: Iterable[Objectives], max_accuracy_loss: float) -> float:
    """Return the area that points dominate below the cap, in points times halvings.

    Args:
        points: in any order; those over the cap or larger than the network add nothing.
        max_accuracy_loss: the cap, a fraction.
    """
    area = 0.0
    height = 0.0
    # From the highest rate down, each point adds the strip by which it lost less than all before.
    for point in sorted(points, key=lambda point: -point.compression_rate):
        kept = 100 * (max_accuracy_loss - point.accuracy_loss)
        halvings = math.log2(point.compression_rate)
        if kept > height and halvings > 0:
            area += (kept - height) * halvings
            height = kept
    return area


def contributions(points: Sequence[Objectives], max_accuracy_loss: float) -> list[float]:
    """Return by how much the hypervolume would shrink without each of some points."""
    whole = hypervolume(points, max_accuracy_loss)
    return [
        whole - hypervolume([other for other in points if other is not point], max_accuracy_loss)
        for point in points
    ]
