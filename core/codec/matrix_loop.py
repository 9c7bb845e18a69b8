"""The compiled loop of a matrix of symbols: which are zero, and sign and rank of the others.

See ``decisions.py`` and ``docs/format.md``.
"""

import numpy as np

from core.codec.affinity import Links
from core.codec.alphabet import Tables
from core.codec.decisions import (
    CHANNELS,
    IMAGE,
    UNITS,
    Bytes,
    Integers,
    Symbols,
    half_log,
)
from core.codec.densities import expect
from core.codec.live_lines import code_live
from core.codec.matrix_values import Columns
from core.codec.model_state import PLACE, SIGN, VECTOR, Model
from core.codec.row_loop import LiveColumns, code_row
from core.compiling import compiled


@compiled(error_model="numpy")
def code_matrix(  # noqa: PLR0912, PLR0915 one loop, its state and its contexts
    decoding: bool,
    cells: Symbols,
    channels: int,
    height: int,
    width: int,
    live_rows: Bytes,
    live_columns: Bytes,
    row_counts: Integers,
    counts: Integers,
    fed: Integers,
    outgoing: Integers,
    ordered: bool,
    tables: Tables,
    model: Model,
    stream: Bytes,
) -> bool:
    """Code a matrix of symbols; whether the stream was long enough.

    Args:
        decoding: whether ``cells``, all zero, are to be filled.
        cells: the symbols, 0 being the zero, ``[rows, channels * height * width]``.
        channels: see ``cells``; the columns are cells of images, or units if all are 1 x 1.
        height: see ``cells``.
        width: see ``cells``.
        live_rows: 1 for each row with a non-zero, zeros to be filled when decoding.
        live_columns: the same of columns.
        row_counts: zeros, to be filled with the non-zeros of each row, ``[rows]``.
        counts: the same of columns.
        fed: non-zeros in the columns that each row's unit feeds, -1 if unknown, ``[rows]``.
        outgoing: see ``Links``.
        ordered: whether ``fed`` plus the row's own number never grows from row to row.
        tables: signs and ranks of the symbols.
        model: see ``mix``.
        stream: see ``mix``.
    """
    num_rows, num_columns = cells.shape
    area = height * width
    kind = UNITS if area == 1 else IMAGE if channels <= 3 else CHANNELS
    slots = model.slots
    for k in range(SIGN, VECTOR):  # values differ from layer to layer: forget a part
        slot = np.int64(slots[k])
        if slot & 1023 > 12:
            slots[k] = (slot & ~1023) | 12

    known = np.zeros(max(num_rows, num_columns), np.int64)
    for r in range(num_rows):
        known[r] = 0 if fed[r] < 0 else 1 if fed[r] == 0 else 2
    code_live(decoding, 0, kind, 1, 1, known, live_rows, model, stream)
    code_live(decoding, 1, kind, height, width, known, live_columns, model, stream)
    if model.coder[PLACE] > stream.size:
        return False

    num_live = 0
    for c in range(num_columns):
        num_live += live_columns[c]
    columns, rings = np.zeros(num_live, np.int64), np.full(num_live, 90)
    live_in_channel = np.zeros(channels, np.int64)
    j = 0
    for c in range(num_columns):
        if live_columns[c]:
            columns[j] = c
            live_in_channel[c // area] += 1
            if kind == IMAGE:
                y, x = (c % area) // width, c % width
                ring = min(y, height - 1 - y, x, width - 1 - x)
                rings[j] = 51 * (min(ring, 10) - 5)
            j += 1
    parts, ages = np.zeros(num_live, np.int64), np.zeros(num_live, np.int64)
    for j in range(num_live):
        parts[j] = (1 << 22) // (j + 8)
        ages[j] = min(3, half_log(1 + j) >> 2)
    channel_counts = np.zeros(channels, np.int64)
    so_far = Columns(counts, np.zeros(num_columns, np.int64), np.zeros(num_columns, np.int64))
    expected, logits = np.zeros(num_live, np.int64), np.zeros(num_live, np.int64)
    num_behind = len(outgoing)
    links = Links(
        outgoing,
        np.zeros(num_behind, np.int64),
        np.zeros(num_behind, np.int64),
        np.zeros((num_columns, 2 * num_behind), np.int32),
    )
    live = LiveColumns(columns, rings, parts, ages, expected, logits)
    around = np.zeros(num_columns, np.int64)
    rows_seen, cells_seen, num_nonzeros, before, bound = 0, 0, 0, -1, -1
    for r in range(num_rows):
        if not live_rows[r]:
            continue
        overall = (65536 * num_nonzeros + 13107) // (cells_seen + 4)
        total = expect(
            kind, height, width, columns, counts, live_in_channel, channel_counts, rows_seen,
            overall, expected, logits,
        )  # fmt: skip
        around[:] = 0
        most = num_columns
        if fed[r] >= 0 and bound >= 0 and ordered:
            most = bound - fed[r]
            likely, spare = most, 32
        else:
            likely, spare = before if before >= 0 else (overall * num_live) >> 16, 128
        count = code_row(
            decoding, cells, r, kind, height, width, total, likely, spare, most, rows_seen, live,
            so_far, around, links, tables, model, stream,
        )  # fmt: skip
        if count < 0:
            return False
        if kind == CHANNELS:
            for j in range(num_live):
                channel_counts[columns[j] // area] += cells[r, columns[j]] > 0
        num_nonzeros += count
        cells_seen += num_live
        rows_seen += 1
        row_counts[r] = before = count
        bound = count + fed[r] if fed[r] >= 0 else -1
    return bool(model.coder[PLACE] <= stream.size)
