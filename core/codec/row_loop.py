"""The compiled loop of a row of a matrix: which of its cells are zero. See ``docs/format.md``."""

from typing import NamedTuple

from core.codec.affinity import Links, feed
from core.codec.alphabet import Tables
from core.codec.decisions import (
    INNER,
    UNITS,
    Bytes,
    Integers,
    Symbols,
    between,
    decide_by_3,
    half_log,
    logarithm,
)
from core.codec.logistic import MAX_LOGIT
from core.codec.matrix_values import Columns, Row, code_value
from core.codec.model_state import (
    PLACE,
    POSITION,
    POSITION_COST,
    POSITION_MIXER,
    Model,
)
from core.codec.neighbourhood import FAR, NEAR, OUTER, STRONG, tell_neighbours
from core.compiling import compiled


class LiveColumns(NamedTuple):
    """What is known of the live columns, ``[live]`` each.

    Attributes:
        places: their columns.
        rings: the input that tells of the distance to the image's edge.
        parts: 2**22 divided by 8 + the number of live columns before.
        ages: class of the number of live columns before.
        expected: of this row, the probabilities that the cells are not zero, of 65536.
        logits: the same as logits.
    """

    places: Integers
    rings: Integers
    parts: Integers
    ages: Integers
    expected: Integers
    logits: Integers


@compiled(**INNER)
def code_row(
    decoding: bool,
    cells: Symbols,
    r: int,
    kind: int,
    height: int,
    width: int,
    total: int,
    likely: int,
    spare: int,
    most: int,
    rows_seen: int,
    live: LiveColumns,
    columns: Columns,
    around: Integers,
    links: Links,
    tables: Tables,
    model: Model,
    stream: Bytes,
) -> int:
    """Code a live row; its number of non-zeros, or -1 if the stream was too short.

    Args:
        decoding: whether the row is to be filled.
        cells: the symbols, ``[rows, channels * height * width]``.
        r: the row.
        kind: what the columns are.
        height: of an image of cells; 1 for units.
        width: of an image of cells; 1 for units.
        total: sum of ``live.expected``.
        likely: how many non-zeros to expect.
        spare: how little that says.
        most: how many there may be.
        rows_seen: live rows before this one.
        live: of the live columns.
        columns: what came before in each column.
        around: zeros, one for each column; see ``tell_neighbours``.
        links: what units have in common; see ``affinity``.
        tables: signs and ranks of the symbols.
        model: see ``mix``.
        stream: see ``mix``.
    """
    places, rings, parts, ages, expected, logits = live
    log_left = logarithm(64 * max(likely, 0) + spare)
    row, num_fed = Row(0, 0, 0, 0, 0), feed(links, r)
    by_density, by_excess = POSITION + kind * 64, POSITION + 576 + kind * 256
    by_pattern = POSITION + 192 + kind * 128
    for j in range(len(places)):
        if row.num_nonzeros >= most:
            break
        c = places[j] & 0x7FFFFFFF
        near = around[c]
        pattern, far, outer = near & 31, near >> FAR & 15, near >> OUTER & 63
        strong, num_near = near >> STRONG & 7, near >> NEAR & 7
        excess = log_left - logarithm((max(total, 0) >> 10) + spare)
        logit = logits[j]
        density = min(15, half_log(1 + ((row.num_nonzeros * parts[j]) >> 16)))
        direct = (
            logit,
            between(excess, -MAX_LOGIT, MAX_LOGIT),
            128 * min(outer, 15),
            rings[j],
            256 * strong // num_near - 128 if num_near else 0,
        )
        slots = (
            by_density + density * 4 + ages[j],
            by_pattern + min(3, far) * 32 + pattern,
            by_excess + between((excess >> 7) + 8, 0, 15) * 16 + between(-logit >> 7, 0, 15),
        )
        symbol = 0 if decoding else cells[r, c]
        total -= expected[j]
        if decide_by_3(
            decoding, 1 if symbol else 0, direct, slots, POSITION_MIXER + kind,
            POSITION_MIXER + 3 + kind * 6 + num_near, model, stream, POSITION_COST,
        ):  # fmt: skip
            if model.coder[PLACE] > stream.size:
                return -1
            row = code_value(
                decoding, cells, r, c, kind, height, width, num_near, rows_seen, columns, row,
                links, num_fed, tables, model, stream,
            )  # fmt: skip
            if kind != UNITS:
                sign, rank = (row.last_sign + 3) >> 1, row.last_rank - 1
                tell_neighbours(around, c, height, width, 2 * rank + 2 > tables.num_ranks[sign])
            log_left = logarithm(64 * max(likely - row.num_nonzeros, 0) + spare)
    return row.num_nonzeros
