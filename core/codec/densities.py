"""How likely each cell of a row is not zero, by the columns' densities so far.

The density of each column is drawn towards that of its neighbours, these towards that of their
channel or of the whole matrix. See ``docs/format.md``.
"""

import numpy as np

from core.codec.decisions import CHANNELS, UNITS, Integers, between
from core.codec.logistic import LOGIT
from core.compiling import compiled

WINDOW = 4  # live columns on either side that tell of a unit's column
LEAST, MOST = 64, 62259  # of 65536


@compiled(error_model="numpy")
def expect(
    kind: int,
    height: int,
    width: int,
    columns: Integers,
    counts: Integers,
    live_in_channel: Integers,
    channel_counts: Integers,
    rows_seen: int,
    overall: int,
    expected: Integers,
    logits: Integers,
) -> int:
    """Fill in the probability of each live column, of 65536, and its logit; the former's sum.

    Args:
        kind: what the columns are.
        height: of an image of cells; 1 for units.
        width: of an image of cells; 1 for units.
        columns: the live columns, ``[live]``.
        counts: non-zeros of each column so far, ``[columns]``.
        live_in_channel: live columns of each channel.
        channel_counts: non-zeros of each channel so far.
        rows_seen: live rows so far.
        overall: density of all cells so far, of 65536.
        expected: to be filled, ``[live]``.
        logits: to be filled, ``[live]``.
    """
    if kind == UNITS:
        _expect_units(columns, counts, rows_seen, overall, expected)
    else:
        _expect_cells(
            kind, height, width, columns, counts, live_in_channel, channel_counts, rows_seen,
            overall, expected,
        )  # fmt: skip
    total = 0
    for j in range(len(columns)):
        total += expected[j]
        logits[j] = LOGIT[expected[j] & 0xFFFF]
    return total


@compiled(error_model="numpy")
def _expect_units(
    columns: Integers, counts: Integers, rows_seen: int, overall: int, expected: Integers
) -> None:
    """The probabilities of columns that stand for units, whose neighbours are live columns."""
    num_live = len(columns)
    size = min(WINDOW, num_live)
    window = 0
    for j in range(size):
        window += counts[columns[j]]
    own = (1 << 32) // (rows_seen + 8)
    reciprocal = (1 << 32) // (rows_seen * max(size - 1, 0) + 4)
    last = size
    for j in range(num_live):
        if j + WINDOW < num_live:
            window += counts[columns[j + WINDOW] & 0x7FFFFFFF]
            size += 1
        if j > WINDOW:
            window -= counts[columns[j - WINDOW - 1] & 0x7FFFFFFF]
            size -= 1
        count = counts[columns[j] & 0x7FFFFFFF]
        if size != last:
            reciprocal = (1 << 32) // (rows_seen * (size - 1) + 4)
            last = size
        near = (((window - count) * 65536 + 4 * overall) * reciprocal) >> 32
        expected[j] = between(((count * 65536 + 8 * near) * own) >> 32, LEAST, MOST)


@compiled(error_model="numpy")
def _expect_cells(
    kind: int,
    height: int,
    width: int,
    columns: Integers,
    counts: Integers,
    live_in_channel: Integers,
    channel_counts: Integers,
    rows_seen: int,
    overall: int,
    expected: Integers,
) -> None:
    """The probabilities of columns that are cells of images; see ``expect``."""
    area = height * width
    own = (1 << 32) // (rows_seen + 3)
    reciprocals = np.zeros(5, np.int64)
    for k in range(5):
        reciprocals[k] = (1 << 32) // (rows_seen * k + 8)
    base, channel = overall, -1
    for j in range(len(columns)):
        c = columns[j]
        if kind == CHANNELS and c // area != channel:
            channel = c // area
            base = (65536 * channel_counts[channel] + 20 * overall) // (
                rows_seen * live_in_channel[channel] + 20
            )
        y, x = (c % area) // width, c % width
        near, beside = 0, 0
        if x > 0:
            near += counts[c - 1]
            beside += 1
        if x + 1 < width:
            near += counts[c + 1]
            beside += 1
        if y > 0:
            near += counts[c - width]
            beside += 1
        if y + 1 < height:
            near += counts[c + width]
            beside += 1
        near = ((near * 65536 + 8 * base) * reciprocals[beside]) >> 32
        expected[j] = between(((counts[c] * 65536 + 3 * near) * own) >> 32, LEAST, MOST)
