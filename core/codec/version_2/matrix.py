"""The compiled loop of format version 2: a matrix of symbols, one binary decision at a time.

``docs/format.md`` specifies it.
"""

import numpy as np

from core.codec.logistic import STRETCH
from core.codec.version_2.decision import (
    LIVE,
    LIVE_MIXER,
    NO_SYMBOL,
    NUM_MIXERS,
    NUM_POSITION_INPUTS,
    NUM_RANK_INPUTS,
    NUM_SIGN_INPUTS,
    OVERRUN,
    PLACE,
    POSITION,
    POSITION_COST,
    POSITION_MIXER,
    RANK,
    RANK_MIXER,
    SIGN,
    SIGN_MIXER,
    STRIDE,
    VALUE_COST,
    Bytes,
    Integers,
    Symbols,
    half_log,
    read_bit,
)
from core.compiling import compiled


@compiled(error_model="numpy")
def read_matrix(  # noqa: PLR0912, PLR0915 one loop, its state and its contexts
    cells: Symbols,
    num_rows: int,
    num_columns: int,
    row_stride: int,
    column_stride: int,
    line: int,
    line_on_columns: bool,
    row_hints: Bytes,
    column_hints: Bytes,
    signs: Integers,
    ranks: Integers,
    symbols: Symbols,
    rank_bits: int,
    coder: Integers,
    stream: Bytes,
    parameters: Integers,
    rates: Integers,
    confidences: Integers,
    position_weights: Integers,
    sign_weights: Integers,
    rank_weights: Integers,
    prior_counts: Integers,
) -> int:
    """Read a matrix of symbols; the bytes of the stream so far, or a negative error.

    Args:
        cells: the symbols, all zero, to be filled; row r, column c is at
            ``r row_stride + c column_stride``.
        num_rows: rows, in the order in which the matrix is walked.
        num_columns: columns in that order.
        row_stride: see ``cells``.
        column_stride: see ``cells``.
        line: length of an image's line along one axis, 3 or more, or 0 without an image.
        line_on_columns: whether that axis is the columns, in the order of the walk.
        row_hints: what is known of each row beforehand, 0 for nothing, to 15, ``[rows]``.
        column_hints: the same of each column, ``[columns]``.
        signs: 1 or 2 for each symbol but 0, for which it is 0.
        ranks: rank of each symbol among those of its sign.
        symbols: the symbol of each sign and rank, ``[3, 2**rank_bits]``, 0 where there is none.
        rank_bits: bits of a rank.
        coder: state of the arithmetic coder.
        stream: its bytes.
        parameters: of each group of decisions, see ``read_bit``; the same below.
        rates: see ``read_bit``.
        confidences: see ``read_bit``.
        position_weights: initial weights of the mixers of positions.
        sign_weights: of those of signs.
        rank_weights: of those of ranks.
        prior_counts: pseudo-counts of a column's and of a row's density.
    """
    num_nodes = 4 << rank_bits
    sizes = np.array(
        (
            # Positions.
            1, 128, 64, 512, num_columns, num_rows, 64, 192, 128, 64, 512, 256,
            # Signs.
            1, 9, 27, 81, 9, 9, 9,
            # Ranks.
            num_nodes, 16 * num_nodes, 4 * num_nodes, 4 * num_nodes, 16 * num_nodes,
            16 * num_nodes, 32 * (rank_bits + 1),
            # Live rows and columns.
            32, 256,
        )
    )  # fmt: skip
    at = np.cumsum(sizes) - sizes
    slots = np.full(sizes.sum(), 1 << 31, np.int64)
    to_sign, to_rank, to_live = 12, 19, 26
    inputs = np.zeros(STRIDE, np.int64)
    stretched = np.zeros(STRIDE, np.int64)
    weights = np.zeros(STRIDE * NUM_MIXERS, np.int64)
    for k in range(NUM_MIXERS):
        start = STRIDE * k
        if k < SIGN_MIXER:
            weights[start : start + NUM_POSITION_INPUTS] = position_weights
        elif k < RANK_MIXER:
            weights[start : start + NUM_SIGN_INPUTS] = sign_weights
        elif k < LIVE_MIXER:
            weights[start : start + NUM_RANK_INPUTS] = rank_weights
        else:
            weights[start : start + 2] = 30000

    live_rows = np.zeros(num_rows, np.uint8)
    live_columns = np.zeros(num_columns, np.uint8)
    for axis in range(2):
        live = live_columns if axis else live_rows
        hints = column_hints if axis else row_hints
        has_lines = line > 0 and (axis == 1) == line_on_columns
        for k in range(live.size):
            near = np.int64(live[k - 1]) if k > 0 else 0
            if has_lines and k >= line:
                near += 2 * live[k - line] + 4 * live[k - line + 1]
            elif k > 1:
                near += 2 * live[k - 2]
            inputs[0] = at[to_live] + axis * 16 + hints[k]
            inputs[1] = at[to_live + 1] + axis * 128 + hints[k] * 8 + near
            mixer = STRIDE * (LIVE_MIXER + 2 * axis)
            live[k] = read_bit(
                inputs, 2, 0, slots, weights, mixer, mixer + STRIDE, stretched,
                coder, stream, POSITION_COST, parameters[LIVE], rates[LIVE], confidences[LIVE],
            )  # fmt: skip
            if coder[PLACE] > stream.size:
                return OVERRUN

    column_counts = np.zeros(num_columns, np.int32)
    column_signs = np.zeros(num_columns, np.int32)
    column_last = np.zeros(num_columns, np.int32)  # 4 * (rank + 1) + sign
    rows_seen, cells_seen, num_nonzeros = 0, 0, 0
    row_1, row_2 = -1, -1
    for r in range(num_rows):
        if not live_rows[r]:
            continue
        row_count, row_signs, row_last, columns_seen = 0, 0, 0, 0
        column_1, column_2 = -1, -1
        age = min(3, half_log(1 + rows_seen) >> 2)
        for c in range(num_columns):
            if not live_columns[c]:
                continue
            cell = r * row_stride + c * column_stride
            # Neighbours: left, two to the left, up, up to the left, up to the right.
            left, left_2, up, up_left, up_right, further = 0, 0, 0, 0, 0, 0
            if line > 0:
                place = c if line_on_columns else r
                stride = column_stride if line_on_columns else row_stride
                if place >= 1:
                    left = cells[cell - stride]
                if place >= 2:
                    left_2 = cells[cell - 2 * stride]
                if place >= line:
                    up = cells[cell - line * stride]
                if place >= line + 1:
                    up_left = cells[cell - (line + 1) * stride]
                if place >= line - 1:
                    up_right = cells[cell - (line - 1) * stride]
                if place >= line + 2:
                    further += cells[cell - (line + 2) * stride] > 0
                if place >= line - 2:
                    further += cells[cell - (line - 2) * stride] > 0
                for k in range(2 * line - 2, 2 * line + 3):
                    if place >= k:
                        further += cells[cell - k * stride] > 0
            else:  # the nearest live ones of the same row, then of the same column
                if column_1 >= 0:
                    left = cells[r * row_stride + column_1 * column_stride]
                if column_2 >= 0:
                    left_2 = cells[r * row_stride + column_2 * column_stride]
                if row_1 >= 0:
                    up = cells[row_1 * row_stride + c * column_stride]
                if row_2 >= 0:
                    up_left = cells[row_2 * row_stride + c * column_stride]
            around = (left > 0) + (left_2 > 0) + (up > 0) + (up_left > 0) + (up_right > 0)
            per_row = 128 * column_counts[c] // (rows_seen + 1)
            column_density = half_log(1 + (per_row >> 3))
            row_density = min(15, half_log(1 + 64 * row_count // (columns_seen + 8)))
            column = min(7, column_density) * 4 + age
            if line > 0 and line_on_columns:
                near = 2 * column_counts[c]
                if c > 0:
                    near += column_counts[c - 1]
                if c >= line:
                    near += column_counts[c - line]
                if c + 1 < num_columns:
                    near += column_counts[c + 1]
                if c + line < num_columns:
                    near += column_counts[c + line]
                per_row = 128 * near // (6 * (rows_seen + 1))
            near_density = min(31, half_log(1 + per_row))
            hint = max(row_hints[r], column_hints[c])
            inputs[0] = at[0]
            inputs[1] = at[1] + column
            inputs[2] = at[2] + row_density * 4 + min(3, half_log(1 + columns_seen) >> 2)
            inputs[3] = at[3] + column * 16 + row_density
            inputs[4] = at[4] + c
            inputs[5] = at[5] + r
            inputs[6] = (
                at[6]
                + (left > 0)
                + 2 * (left_2 > 0)
                + 4 * (up > 0)
                + 8 * (up_left > 0)
                + 16 * (up_right > 0)
            )
            inputs[7] = at[7] + column * 6 + around
            inputs[8] = at[8] + near_density * 4 + age
            inputs[9] = at[9] + hint * 4 + age
            inputs[10] = at[10] + hint * 32 + column
            inputs[11] = at[11] + min(7, around + further) * 32 + near_density
            # The odds of independent rows and columns: row odds * column odds / all odds.
            overall = (num_nonzeros * 65536 + 655) // (cells_seen + 20)
            known = slots[inputs[9] if hint else inputs[8]]
            expected = known >> 16 if known & 1023 >= 3 else overall
            of_row = expected if row_hints[r] else overall
            of_column = overall if row_hints[r] else expected
            of_column = (column_counts[c] * 65536 + prior_counts[0] * of_column) // (
                rows_seen + prior_counts[0]
            )
            of_row = (row_count * 65536 + prior_counts[1] * of_row) // (
                columns_seen + prior_counts[1]
            )
            direct = (
                STRETCH[min(max(of_column, 16), 65520) >> 4]
                + STRETCH[min(max(of_row, 16), 65520) >> 4]
                - STRETCH[min(max(overall, 16), 65520) >> 4]
            )
            nonzero = read_bit(
                inputs, NUM_POSITION_INPUTS - 1,
                min(max(direct, -2047), 2047), slots, weights, STRIDE * POSITION_MIXER,
                STRIDE * (POSITION_MIXER + 1 + around), stretched, coder, stream, POSITION_COST,
                parameters[POSITION], rates[POSITION], confidences[POSITION],
            )  # fmt: skip
            if coder[PLACE] > stream.size:
                return OVERRUN
            cells_seen += 1
            columns_seen += 1
            if nonzero:
                last = column_last[c]
                sign_left, sign_up, sign_left_2 = signs[left], signs[up], signs[left_2]
                sign_up_left, sign_up_right = signs[up_left], signs[up_right]
                agreed = 0
                for k in (sign_left, sign_up, sign_left_2, sign_up_left, sign_up_right):
                    agreed += (k == 2) - (k == 1)
                column_sign = min(4, max(-4, column_signs[c])) + 4
                row_sign = min(4, max(-4, row_signs)) + 4
                inputs[0] = at[to_sign]
                inputs[1] = at[to_sign + 1] + sign_left * 3 + sign_up
                inputs[2] = at[to_sign + 2] + (sign_up_left * 3 + sign_up_right) * 3 + sign_left_2
                inputs[3] = at[to_sign + 3] + column_sign * 9 + row_sign
                inputs[4] = at[to_sign + 4] + row_sign
                inputs[5] = at[to_sign + 5] + column_sign
                inputs[6] = at[to_sign + 6] + (last & 3) * 3 + (row_last & 3)
                sign = 1 + read_bit(
                    inputs, NUM_SIGN_INPUTS, 0, slots,
                    weights, STRIDE * SIGN_MIXER, STRIDE * (SIGN_MIXER + 1 + abs(agreed)),
                    stretched, coder, stream, VALUE_COST, parameters[SIGN], rates[SIGN],
                    confidences[SIGN],
                )  # fmt: skip
                beside = left if left else up
                likeness = 0
                if beside:
                    likeness = 8 + min(3, ranks[beside]) + 4 * (signs[beside] == sign)
                path = 1
                for level in range(rank_bits - 1, -1, -1):
                    node = (sign - 1) * (num_nodes >> 1) + path
                    inputs[0] = at[to_rank] + node
                    inputs[1] = at[to_rank + 1] + node * 16 + likeness
                    inputs[2] = at[to_rank + 2] + node * 4 + min(3, row_last >> 2)
                    inputs[3] = at[to_rank + 3] + node * 4 + min(3, last >> 2)
                    inputs[4] = at[to_rank + 4] + node * 16 + min(15, column_density)
                    inputs[5] = at[to_rank + 5] + node * 16 + row_density
                    inputs[6] = at[to_rank + 6] + level * 32 + (path & 31)
                    path = path * 2 + read_bit(
                        inputs, NUM_RANK_INPUTS, 0, slots, weights,
                        STRIDE * RANK_MIXER, STRIDE * (RANK_MIXER + 1 + min(31, path)),
                        stretched, coder, stream, VALUE_COST, parameters[RANK], rates[RANK],
                        confidences[RANK],
                    )  # fmt: skip
                rank = path - (1 << rank_bits)
                cells[cell] = symbols[sign, rank]
                if cells[cell] == 0:
                    return NO_SYMBOL
                row_last = 4 * (rank + 1) + sign
                column_last[c] = row_last
                row_count += 1
                column_counts[c] += 1
                num_nonzeros += 1
                row_signs += 2 * sign - 3
                column_signs[c] += 2 * sign - 3
            column_2, column_1 = column_1, c
        rows_seen += 1
        row_2, row_1 = row_1, r
    if coder[PLACE] > stream.size:
        return OVERRUN
    return int(coder[PLACE])
