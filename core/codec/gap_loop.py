"""The compiled loop of a matrix whose non-zeros are told by the gaps between them.

Time goes with the non-zeros and hardly with the cells, unlike that of ``matrix_loop``. Each
column's rate is the mean of its Gamma posterior, the distribution of the columns' rates and that of
the rows' factors being estimated from the moments of the counts so far (Fisher 1941, "The negative
binomial distribution"). See ``docs/format.md``.
"""

import numpy as np
import numpy.typing as npt

from core.codec.alphabet import Tables
from core.codec.decisions import (
    INLINED,
    INNER,
    UNITS,
    Bytes,
    Integers,
    Symbols,
    between,
    decide_by_1,
)
from core.codec.gaps import MAX_CELLS, RATE_BITS, code_gap
from core.codec.live_lines import code_live
from core.codec.model_state import PLACE, UNKNOWN, VALUE_COST, Model
from core.compiling import compiled

Slots = npt.NDArray[np.uint32]

LEAST_SHAPE, MOST_SHAPE = 64, 1 << 14  # of 256
PRIOR = 16
MOST_RATE = 15 << 16
MOST_FACTOR_SHAPE = 1 << 32
NUM_SIGN_SLOTS = 5
NUM_RANK_SLOTS = 256
MOST_COUNT = 12
"""Greatest count of a slot of values at the start of a matrix."""


def value_slots() -> Slots:
    """What is known of signs and ranks at the start of a file, to be changed."""
    return np.full(NUM_SIGN_SLOTS + 2 * NUM_RANK_SLOTS, UNKNOWN, np.uint32)


@compiled(**INNER)
def _shape(total: int, squares: int, number: int) -> int:
    """Shape of the Gamma distribution of some counts, of 256, by their sum and sum of squares."""
    spread = max(squares * number - total * total - total * number, 0)
    shape = (total * total + 256 * PRIOR) // ((spread >> 8) + PRIOR)
    return between(shape, LEAST_SHAPE, MOST_SHAPE)


@compiled(**INNER)
def _add_rates(
    live: Integers, counts: Integers, rows_seen: int, nonzeros: int, squares: int, sums: Integers
) -> None:
    """Fill in the sums of the rates of the live columns before each, ``[live + 1]``."""
    shape = _shape(nonzeros, squares, len(live))
    cells = rows_seen * len(live)
    rows = 256 * rows_seen + 5 * shape * (cells + 4) // (5 * nonzeros + 1)
    inverse = (1 << 40) // rows
    total = 0
    for j in range(len(live)):
        rate = ((256 * counts[live[j] & 0x7FFFFFFF] + shape) * inverse) >> 20
        total += between(rate, 1, MOST_RATE)
        sums[j + 1] = total


@compiled(**INNER)
def _forget(slots: Slots) -> None:
    """Forget a part of what is known: values differ from layer to layer."""
    for k in range(len(slots)):
        slot = np.int64(slots[k])
        if slot & 1023 > MOST_COUNT:
            slots[k] = (slot & ~1023) | MOST_COUNT


@compiled(**INLINED)
def _code_value(
    decoding: bool,
    symbol: int,
    of_sign: int,
    tables: Tables,
    width: int,
    slots: Slots,
    coder: Integers,
    stream: Bytes,
) -> int:
    """Code a symbol that is not zero: its sign, its rank in bits, each by one slot; the symbol."""
    num_ranks = tables.num_ranks
    sign = 1 if num_ranks[2] == 0 else 2
    if num_ranks[1] and num_ranks[2]:
        bit = 1 if tables.signs[symbol] == 2 else 0
        sign = 1 + decide_by_1(decoding, bit, of_sign, slots, coder, stream, VALUE_COST)
    rank, path = tables.ranks[symbol], 1
    first = NUM_SIGN_SLOTS + (sign - 1) * NUM_RANK_SLOTS
    for level in range(width - 1, -1, -1):
        bit = rank >> level & 1
        bit = decide_by_1(decoding, bit, first + path, slots, coder, stream, VALUE_COST)
        path = 2 * path + bit
    if decoding:
        symbol = tables.symbols[sign, min(path - (1 << width), num_ranks[sign] - 1)]
    return symbol


@compiled(error_model="numpy")
def code_gapped_matrix(
    decoding: bool,
    cells: Symbols,
    live_rows: Bytes,
    live_columns: Bytes,
    row_counts: Integers,
    counts: Integers,
    fed: Integers,
    tables: Tables,
    slots: Slots,
    model: Model,
    stream: Bytes,
) -> bool:
    """Code a matrix of symbols; whether the stream was long enough.

    Args:
        decoding: whether ``cells``, all zero, are to be filled.
        cells: the symbols, 0 being the zero, ``[rows, columns]``.
        live_rows: 1 for each row with a non-zero, zeros to be filled when decoding.
        live_columns: the same of columns.
        row_counts: zeros, to be filled with the non-zeros of each row, ``[rows]``.
        counts: the same of columns.
        fed: non-zeros in the columns that each row's unit feeds, -1 if unknown, ``[rows]``.
        tables: signs and ranks of the symbols.
        slots: of signs and ranks, see ``value_slots``.
        model: see ``mix``.
        stream: see ``mix``.
    """
    num_rows, num_columns = cells.shape
    coder, zeros = model.coder, np.zeros(num_columns, np.int64)
    known = np.zeros(num_rows, np.int64)
    for r in range(num_rows):
        known[r] = 0 if fed[r] < 0 else 1 if fed[r] == 0 else 2
    code_live(decoding, 0, UNITS, 1, 1, known, live_rows, model, stream)
    code_live(decoding, 1, UNITS, 1, 1, zeros, live_columns, model, stream)
    if coder[PLACE] > stream.size:
        return False
    live, ways = np.flatnonzero(live_columns), zeros
    num_live, width = len(live), 0
    while (max(tables.num_ranks[1], tables.num_ranks[2]) - 1) >> width:
        width += 1
    _forget(slots)
    sums = np.zeros(num_live + 1, np.int64)
    rows_seen, num_nonzeros, row_squares, column_squares = 0, 0, 0, 0
    for r in range(num_rows):
        if not live_rows[r]:
            continue
        _add_rates(live, counts, rows_seen, num_nonzeros, column_squares, sums)
        start = _shape(num_nonzeros, row_squares, rows_seen)
        number, j = 0, 0
        while j < num_live:
            span, rate = MAX_CELLS, (start << (RATE_BITS - 8)) + sums[j]
            while span > num_live - j or (span > 1 and sums[j + span] - sums[j] > rate):
                span >>= 1
            gap = 0
            while not decoding and gap < span and cells[r, live[j + gap]] == 0:
                gap += 1
            shape = min(start + 256 * number, MOST_FACTOR_SHAPE)
            gap = code_gap(decoding, gap, sums, j, span, shape, rate, coder, stream)
            if coder[PLACE] > stream.size:
                return False
            j += gap
            if gap < span:
                c = live[j] & 0x7FFFFFFF
                of_sign = between(ways[c], -2, 2) + 2
                symbol = _code_value(
                    decoding, cells[r, c], of_sign, tables, width, slots, coder, stream
                )  # fmt: skip
                if decoding:
                    cells[r, c] = symbol
                ways[c] += 2 * tables.signs[symbol] - 3
                column_squares += 2 * counts[c] + 1
                counts[c] += 1
                number += 1
                j += 1
        num_nonzeros += number
        row_squares += number * number
        rows_seen += 1
        row_counts[r] = number
    return bool(coder[PLACE] <= stream.size)
