"""How many zeros come before the next non-zero of a row, in one step of the arithmetic code.

The non-zeros of a row are taken for a Poisson process: each cell has a rate, its column's, and the
row a common factor, of a Gamma distribution of mean 1 at first. Of n non-zeros in cells whose rates
sum to b, the factor has the shape a + n and the rate a + b, so that further cells of the sum d are
all zero with the probability ((a + b) / (a + b + d))^(a + n) (Lomax 1954).
See ``docs/format.md``.
"""

import numpy as np

from core.codec.decisions import INLINED, Bytes, Integers
from core.codec.logistic import COST
from core.codec.model_state import CODE, HIGH, LOW, PLACE, POSITION_COST
from core.compiling import compiled

RATE_BITS = 20
"""Rates are in units of 2**-20, shapes in units of 1/256."""

MAX_CELLS = 64
"""Cells that one step tells of at most, a power of 2."""

WHOLE = 1 << 20
"""The probabilities of a step sum to this."""

_PLACES = np.arange(1025) / 1024
LOG_2 = np.round(np.log2(1 + _PLACES) * (1 << 28)).astype(np.int64)
"""Binary logarithm of 1 to 2 in steps of 1/1024, in units of 2**-28, ``[1025]``."""

POWER = np.round(np.exp2(-_PLACES) * (1 << 24)).astype(np.int64)
"""2 to the power of 0 to -1 in steps of 1/1024, in units of 2**-24, ``[1025]``."""


@compiled(**INLINED)
def _taken(delta: int, cells: int, span: int, shape: int, inverse: int) -> int:
    """Probability that one of the first cells is not zero, of ``WHOLE``; grows with each cell.

    Args:
        delta: sum of the cells' rates.
        cells: number of the cells.
        span: cells of the step.
        shape: of the row's factor, of 256.
        inverse: 2**56 divided by the factor's rate.
    """
    part = min((delta * inverse) >> 32, (1 << 24) - 1)
    place = part >> 14
    start = LOG_2[place]
    exponent = (shape * (start + (((LOG_2[place + 1] - start) * (part & 16383)) >> 14))) >> 12
    place = exponent >> 14 & 1023
    start = POWER[place]
    power = (start - (((start - POWER[place + 1]) * (exponent & 16383)) >> 14)) >> min(
        exponent >> 24, 63
    )
    return int(cells + (((WHOLE - 1 - span) * ((1 << 24) - power)) >> 24))


@compiled(**INLINED)
def code_gap(
    decoding: bool,
    gap: int,
    sums: Integers,
    first: int,
    span: int,
    shape: int,
    rate: int,
    coder: Integers,
    stream: Bytes,
) -> int:
    """Code how many zeros come before the next non-zero, or ``span`` if all are zero.

    Args:
        decoding: whether ``gap`` is to be found out.
        gap: the number to encode, at most ``span``.
        sums: of the rates of the cells before each cell, ``[cells + 1]``.
        first: the cell to begin with.
        span: how many cells the step tells of.
        shape: of the row's factor, of 256.
        rate: of the row's factor.
        coder: the arithmetic coder.
        stream: bytes of the arithmetic code; found to be too short if it is none.
    """
    inverse = (1 << 56) // rate
    low, high = coder[LOW], coder[HIGH]
    if high - low < WHOLE:
        high = low | (WHOLE - 1)
        coder[HIGH] = high
        _shift(decoding, coder, stream)
        low, high = coder[LOW], coder[HIGH]
    width, base = high - low, sums[first]
    after = WHOLE
    if decoding:
        if coder[CODE] > high:
            coder[PLACE] = stream.size + 1
            return span
        found = (((coder[CODE] - low + 1) << 20) - 1) // width
        gap, before = span, _taken(sums[first + span] - base, span, span, shape, inverse)
        if found < before:
            after, least, before = before, 0, 0
            while gap - least > 1:
                middle = (least + gap) >> 1
                taken = _taken(sums[first + middle] - base, middle, span, shape, inverse)
                if found < taken:
                    gap, after = middle, taken
                else:
                    least, before = middle, taken
            gap = least
    else:
        before = _taken(sums[first + gap] - base, gap, span, shape, inverse) if gap else 0
        if gap < span:
            after = _taken(sums[first + gap + 1] - base, gap + 1, span, shape, inverse)
    coder[POSITION_COST] += _cost(after - before)
    if after < WHOLE:
        coder[HIGH] = low + ((width * after) >> 20) - 1
    coder[LOW] = low + ((width * before) >> 20)
    _shift(decoding, coder, stream)
    return gap


@compiled(**INLINED)
def _cost(share: int) -> int:
    """Bits of a share of ``WHOLE``, in units of 1/256."""
    extra = 0
    while share < 1 << 16:
        share <<= 4
        extra += 1024
    return int(COST[min(share >> 8, 4095)]) + extra


@compiled(**INLINED)
def _shift(decoding: bool, coder: Integers, stream: Bytes) -> None:
    """Let the bytes go in which both ends of the interval agree."""
    low, high = coder[LOW], coder[HIGH]
    while (low ^ high) >> 24 == 0:
        place = coder[PLACE]
        if decoding:
            following = np.int64(stream[place + 4]) if place + 4 < stream.size else 0
            coder[CODE] = (coder[CODE] << 8 & 0xFFFFFFFF) | following
        elif place < stream.size:
            stream[place] = low >> 24
        coder[PLACE] = place + 1
        low = low << 8 & 0xFFFFFFFF
        high = (high << 8 & 0xFFFFFFFF) | 255
    coder[LOW], coder[HIGH] = low, high
