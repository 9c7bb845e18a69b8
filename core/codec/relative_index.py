"""Relative indexes with padding zeros (Han et al. 2015; Ullrich et al. 2017, App. A.2, Fig. 4).

The place of a non-zero weight is told as its distance, 1 or more, from the one before; the first
counts from one place in front of the tensor. A distance beyond the span ``2**span_bits`` is cut
by zeros: each padding zero stands one whole span behind its predecessor. A distance within the
span is the symbol ``distance mod span``, so that symbol 0 is a whole span.
"""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def distances(positions: Integers) -> Integers:
    """Distances, ``[nonzeros]``, of ascending positions, ``[nonzeros]``."""
    return np.diff(positions, prepend=-1)


def num_padding_zeros(distance: Integers, span_bits: int) -> int:
    """Zeros that the distances need at this span."""
    return int(((distance - 1) >> span_bits).sum())


def gap_counts(distance: Integers, span_bits: int) -> Integers:
    """Occurrences of each gap symbol, ``[span]``, those of the padding zeros included."""
    span = 1 << span_bits
    counts = np.bincount(distance & (span - 1), minlength=span)
    counts[0] += num_padding_zeros(distance, span_bits)
    return counts


def pad(distance: Integers, values: Integers, span_bits: int) -> tuple[Integers, Integers]:
    """Gap symbols and values with the padding zeros among them.

    Args:
        distance: distance of each non-zero from the one before, ``[nonzeros]``.
        values: its symbol, never 0, ``[nonzeros]``.
        span_bits: logarithm of the span to base 2.

    Returns:
        Gap symbols and values, ``[pairs]`` each; a padding zero has value 0 and gap symbol 0.
    """
    num_pairs = ((distance - 1) >> span_bits) + 1
    ends = np.cumsum(num_pairs) - 1
    gaps = np.zeros(int(num_pairs.sum()), np.int64)
    padded = np.zeros_like(gaps)
    gaps[ends] = distance & ((1 << span_bits) - 1)
    padded[ends] = values
    return gaps, padded


def positions_of(gaps: Integers, span_bits: int) -> Integers:
    """Positions, ``[pairs]``, that gap symbols, ``[pairs]``, lead to."""
    return np.cumsum(np.where(gaps == 0, 1 << span_bits, gaps)) - 1
