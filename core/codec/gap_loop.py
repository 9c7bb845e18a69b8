"""The compiled loop of a matrix whose non-zeros are told by the gaps between them.

Time goes with the non-zeros and hardly with the cells, unlike that of ``matrix_loop``. Each
column's rate is the mean of its Gamma posterior, the distribution of the columns' rates and that of
the rows' factors being estimated from the moments of the counts so far (Fisher 1941, "The negative
binomial distribution"). See ``docs/format.md``.
"""

import numpy as np

from core.codec.affinity import Links, feed
from core.codec.alphabet import Tables
from core.codec.decisions import INNER, UNITS, Bytes, Integers, Symbols, between
from core.codec.gaps import MAX_CELLS, RATE_BITS, code_gap
from core.codec.live_lines import code_live
from core.codec.matrix_values import Columns, Row, code_value
from core.codec.model_state import PLACE, SIGN, VECTOR, Model
from core.compiling import compiled

LEAST_SHAPE, MOST_SHAPE = 64, 1 << 14  # of 256
PRIOR = 16
MOST_RATE = 15 << 16


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


@compiled(error_model="numpy")
def code_gapped_matrix(
    decoding: bool,
    cells: Symbols,
    live_rows: Bytes,
    live_columns: Bytes,
    row_counts: Integers,
    counts: Integers,
    fed: Integers,
    outgoing: Integers,
    tables: Tables,
    model: Model,
    stream: Bytes,
) -> bool:
    """Code a matrix of symbols; arguments and result as of ``code_matrix``."""
    num_rows, num_columns = cells.shape
    slots = model.slots
    for k in range(SIGN, VECTOR):  # values differ from layer to layer: forget a part
        slot = np.int64(slots[k])
        if slot & 1023 > 12:
            slots[k] = (slot & ~1023) | 12

    known = np.zeros(max(num_rows, num_columns), np.int64)
    for r in range(num_rows):
        known[r] = 0 if fed[r] < 0 else 1 if fed[r] == 0 else 2
    code_live(decoding, 0, UNITS, 1, 1, known, live_rows, model, stream)
    code_live(decoding, 1, UNITS, 1, 1, known, live_columns, model, stream)
    if model.coder[PLACE] > stream.size:
        return False
    live = np.flatnonzero(live_columns)
    num_live = len(live)
    so_far = Columns(counts, np.zeros(num_columns, np.int64), np.zeros(num_columns, np.int64))
    num_behind = len(outgoing)
    links = Links(
        outgoing,
        np.zeros(num_behind, np.int64),
        np.zeros(num_behind, np.int64),
        np.zeros((num_columns, 2 * num_behind), np.int32),
    )
    sums = np.zeros(num_live + 1, np.int64)
    rows_seen, num_nonzeros, row_squares, column_squares = 0, 0, 0, 0
    for r in range(num_rows):
        if not live_rows[r]:
            continue
        _add_rates(live, counts, rows_seen, num_nonzeros, column_squares, sums)
        start = _shape(num_nonzeros, row_squares, rows_seen)
        row, num_fed = Row(0, 0, 0, 0, 0), feed(links, r)
        j = 0
        while j < num_live:
            span = MAX_CELLS
            rate = (start << (RATE_BITS - 8)) + sums[j]
            while span > num_live - j or (span > 1 and sums[j + span] - sums[j] > rate):
                span >>= 1
            gap = 0
            if not decoding:
                while gap < span and cells[r, live[j + gap]] == 0:
                    gap += 1
            gap = code_gap(
                decoding, gap, sums, j, span, start + 256 * row.num_nonzeros, rate, model.coder,
                stream,
            )  # fmt: skip
            j += gap
            if gap < span:
                if model.coder[PLACE] > stream.size:
                    return False
                c = live[j] & 0x7FFFFFFF
                column_squares += 2 * counts[c] + 1
                row = code_value(
                    decoding, cells, r, c, UNITS, 1, 1, 0, rows_seen, so_far, row, links, num_fed,
                    tables, model, stream,
                )  # fmt: skip
                j += 1
        if model.coder[PLACE] > stream.size:
            return False
        num_nonzeros += row.num_nonzeros
        row_squares += row.num_nonzeros * row.num_nonzeros
        rows_seen += 1
        row_counts[r] = row.num_nonzeros
    return bool(model.coder[PLACE] <= stream.size)
