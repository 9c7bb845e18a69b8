"""How to write a tensor as a sparse stream in the fewest bits: its order, its span, its codes.

Every order and span is tried, except where the entropy of its symbols already exceeds the best
result so far. The choice is a comparison of whole bit counts, so it is the same on every machine.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from core.codec import relative_index
from core.codec.code_tables import Code, best_code, table_bits

SPAN_BITS_WIDTH = 4
HEADER_BITS = 1 + SPAN_BITS_WIDTH

_MAX_SPAN_BITS = 2**SPAN_BITS_WIDTH - 1

Symbols = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class StreamPlan:
    """How a tensor is going to be written, and its exact cost.

    Attributes:
        column_major: whether it is walked column by column.
        span_bits: logarithm of the span to base 2.
        num_pairs: non-zeros and padding zeros.
        gap_code: code of the gap symbols.
        value_code: code of the values.
        alphabet_size: number of different values, the zero included.
        position_bits: code words of the gaps.
        value_bits: code words of the values.
        table_bits: both code tables.
    """

    column_major: bool
    span_bits: int
    num_pairs: int
    gap_code: Code
    value_code: Code
    alphabet_size: int
    position_bits: int
    value_bits: int
    table_bits: int

    @property
    def num_bits(self) -> int:
        """Bits of the queue, without the zeros that fill its last byte."""
        return HEADER_BITS + self.table_bits + self.position_bits + self.value_bits


def plan_stream(symbols: Symbols, alphabet_size: int) -> StreamPlan | None:
    """The smallest way to write a tensor; ``None`` if it holds zeros only.

    Args:
        symbols: any shape, in ``[0, alphabet_size)``.
        alphabet_size: number of different symbols.
    """
    best: StreamPlan | None = None
    candidates = sorted(_candidates(symbols, alphabet_size), key=lambda c: c.least_bits)
    for candidate in candidates:
        # An entropy is known to a rounding error only, so a bit of slack keeps the choice exact.
        if best is not None and candidate.least_bits > best.num_bits + 1:
            break
        plan = candidate.plan()
        if best is None or _preference(plan) < _preference(best):
            best = plan
    return best


def walk(symbols: Symbols, column_major: bool) -> Symbols:
    """The symbols, ``[elements]``, row by row or column by column, of ``shape[0]`` rows."""
    if not column_major:
        return symbols.reshape(-1)
    return symbols.reshape(symbols.shape[0], -1).T.reshape(-1)


@dataclass(frozen=True)
class _Candidate:
    """One order and span; its codes are made only if it can win."""

    column_major: bool
    span_bits: int
    gap_counts: Integers
    value_counts: Integers
    value_code: Callable[[int], Code]  # by number of zeros; shared by all candidates
    least_bits: float

    def plan(self) -> StreamPlan:
        gap_code = best_code(self.gap_counts)
        value_code: Code = self.value_code(int(self.value_counts[0]))
        tables = table_bits(gap_code, len(self.gap_counts))
        tables += table_bits(value_code, len(self.value_counts))
        return StreamPlan(
            column_major=self.column_major,
            span_bits=self.span_bits,
            num_pairs=int(self.value_counts.sum()),
            gap_code=gap_code,
            value_code=value_code,
            alphabet_size=len(self.value_counts),
            position_bits=gap_code.num_bits(self.gap_counts),
            value_bits=value_code.num_bits(self.value_counts),
            table_bits=tables,
        )


def _candidates(symbols: Symbols, alphabet_size: int) -> Iterator[_Candidate]:
    counts = np.bincount(symbols.reshape(-1), minlength=alphabet_size)
    if not counts[1:].any():
        return

    def with_zeros(num_zeros: int) -> Integers:
        return np.concatenate(([num_zeros], counts[1:]))

    value_code = cache(lambda num_zeros: best_code(with_zeros(num_zeros)))
    two_orders = symbols.ndim > 1 and 1 < symbols.shape[0] < symbols.size
    for column_major in (False, True) if two_orders else (False,):
        distance = relative_index.distances(np.flatnonzero(walk(symbols, column_major)))
        longest = int(distance.max() - 1).bit_length()
        for span_bits in range(min(longest, _MAX_SPAN_BITS) + 1):
            gap_counts = relative_index.gap_counts(distance, span_bits)
            value_counts = with_zeros(relative_index.num_padding_zeros(distance, span_bits))
            yield _Candidate(
                column_major,
                span_bits,
                gap_counts,
                value_counts,
                value_code,
                _entropy_bits(gap_counts) + _entropy_bits(value_counts),
            )


def _preference(plan: StreamPlan) -> tuple[int, bool, int]:
    return plan.num_bits, plan.column_major, plan.span_bits


def _entropy_bits(counts: Integers) -> float:
    """A lower bound on the bits of any prefix code's message with these counts."""
    present = counts[counts > 0]
    if len(present) == 1:
        return 0.0
    total = present.sum()
    return max(float((present * np.log2(total / present)).sum()), float(total))
