"""The compiled code of a non-zero of a matrix: its sign, its rank. See ``docs/format.md``."""

from typing import NamedTuple

from core.codec.affinity import Links, affinity, tell
from core.codec.alphabet import Tables
from core.codec.decisions import (
    IMAGE,
    INNER,
    UNITS,
    Bytes,
    Integers,
    Symbols,
    between,
    decide_by_4,
    direction,
    half_log,
)
from core.codec.model_state import RANK, RANK_MIXER, SIGN, SIGN_MIXER, VALUE_COST, Model
from core.codec.unary_ranks import code_rank
from core.compiling import compiled


class Columns(NamedTuple):
    """What each column has had so far, ``[columns]`` each.

    Attributes:
        counts: non-zeros.
        signs: sum of their directions.
        ranks: sum of their ranks.
    """

    counts: Integers
    signs: Integers
    ranks: Integers


class Row(NamedTuple):
    """What the row has had so far.

    Attributes:
        num_nonzeros: how many are not zero.
        signs: sum of their directions.
        ranks: sum of their ranks.
        last_sign: direction of the last one, 0 without.
        last_rank: 1 + rank of the last one, 0 without.
    """

    num_nonzeros: int
    signs: int
    ranks: int
    last_sign: int
    last_rank: int


@compiled(**INNER)
def code_value(
    decoding: bool,
    cells: Symbols,
    r: int,
    c: int,
    kind: int,
    height: int,
    width: int,
    num_near: int,
    rows_seen: int,
    columns: Columns,
    row: Row,
    links: Links,
    num_fed: int,
    tables: Tables,
    model: Model,
    stream: Bytes,
) -> Row:
    """Code sign and rank of a cell that is not zero; the row with it, and the columns are changed.

    Args:
        decoding: whether the cell is to be filled.
        cells: the symbols, ``[rows, channels * height * width]``.
        r: the cell's row.
        c: its column.
        kind: what the columns are.
        height: of an image of cells; 1 for units.
        width: of an image of cells; 1 for units.
        num_near: non-zeros among the five neighbours that come before it.
        rows_seen: live rows before this one.
        columns: what came before in each column.
        row: what came before in this row.
        links: what units have in common; see ``affinity``.
        num_fed: how many units this row's unit feeds, as far as known.
        tables: signs and ranks of the symbols.
        model: see ``mix``.
        stream: see ``mix``.
    """
    signs, ranks, num_ranks = tables.signs, tables.ranks, tables.num_ranks
    beside, beside_2, above, corner_1, corner_2 = 0, 0, 0, 0, 0
    near_ranks, weight = 0, 0
    if kind != UNITS and num_near:
        y, x = (c % (height * width)) // width, c % width
        if x > 0:
            beside = cells[r, c - 1]
        if x > 1:
            beside_2 = cells[r, c - 2]
        if y > 0:
            above = cells[r, c - width]
            if x > 0:
                corner_1 = cells[r, c - width - 1]
            if x + 1 < width:
                corner_2 = cells[r, c - width + 1]
        near_ranks = 4 * (ranks[beside] + ranks[above])
        near_ranks += 3 * (ranks[corner_1] + ranks[corner_2]) + 2 * ranks[beside_2]
        weight = 4 * ((beside > 0) + (above > 0)) + 2 * (beside_2 > 0)
        weight += 3 * ((corner_1 > 0) + (corner_2 > 0))
    s_1, s_2 = direction(signs[beside]), direction(signs[above])
    s_3, s_4 = direction(signs[corner_1]), direction(signs[corner_2])
    count, column_signs = columns.counts[c], columns.signs[c]
    symbol = 0 if decoding else cells[r, c]
    half_row = half_log(1 + row.num_nonzeros)

    sign = 1 if num_ranks[2] == 0 else 2
    if num_ranks[1] and num_ranks[2]:
        last, of_alphabet = 128 * row.last_sign, 16 * min(num_ranks[1], 15) + min(num_ranks[2], 15)
        chosen = num_near
        if len(links.outgoing):
            last, size = affinity(links, num_fed, c)
            of_alphabet = between((last >> 7) + 8, 0, 15)
            chosen = min(5, half_log(1 + size) >> 1)
        direct = (
            256 * (s_1 + s_2) + 154 * (s_3 + s_4) + 102 * direction(signs[beside_2]),
            _tendency(columns, c, width if kind == IMAGE else 0),
            512 * row.signs // (row.num_nonzeros + 2),
            last,
        )
        places = (
            SIGN + kind * 81 + 27 * s_1 + 9 * s_2 + 3 * s_3 + s_4 + 40,
            SIGN + 243 + of_alphabet,
            SIGN + 499 + kind * 9 + between(column_signs, -4, 4) + 4,
            SIGN + 526 + 4 * (between(row.signs, -7, 7) + 7) + min(3, half_row >> 2),
        )
        sign = 1 + decide_by_4(
            decoding, 1 if signs[symbol] == 2 else 0, direct, places, SIGN_MIXER + kind,
            SIGN_MIXER + 3 + kind * 6 + chosen, model, stream, VALUE_COST,
        )  # fmt: skip

    way = 2 * sign - 3
    same = 1 if way in (s_1, s_2) else 0
    same += 2 if -way in (s_1, s_2) else 0
    base = 16 * (sign - 1)
    keys = (
        base + min(num_ranks[sign], 15),
        base + (1 + min(5, 2 * near_ranks // weight) if weight else 0),
        base + (min(6, 1 + 2 * columns.ranks[c] // count) if count else 0),
        base + (min(6, 1 + 2 * row.ranks // row.num_nonzeros) if row.num_nonzeros else 0),
        base + min(15, half_log(1 + 16 * count // (rows_seen + 1))),
        base + min(7, row.last_rank),
        base + min(7, half_row >> 1),
        base + same,
    )
    rank = code_rank(
        decoding, ranks[symbol], num_ranks[sign], RANK, 32, keys, RANK_MIXER, model, stream
    )  # fmt: skip
    if decoding:
        cells[r, c] = tables.symbols[sign, rank]
    tell(links, num_fed, c, way)
    columns.counts[c] += 1
    columns.signs[c] += way
    columns.ranks[c] += rank
    return Row(row.num_nonzeros + 1, row.signs + way, row.ranks + rank, way, rank + 1)


@compiled(**INNER)
def _tendency(columns: Columns, c: int, width: int) -> int:
    """Mean direction of a column so far, of 512; with pixels beside it in an image of a width."""
    signs, count = 2 * columns.signs[c], 2 * columns.counts[c]
    if width:
        for step in (-width, -1, 1, width):
            if 0 <= c + step < len(columns.counts):
                signs += columns.signs[c + step]
                count += columns.counts[c + step]
    return int(512 * signs // (count + 4))
