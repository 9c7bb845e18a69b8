"""The compiled loop of a matrix of symbols: which are zero, and sign and rank of the others.

See ``decisions.py`` and ``docs/format.md``.
"""

import numpy as np

from core.codec.decisions import (
    CHANNELS,
    IMAGE,
    UNITS,
    Bytes,
    Integers,
    Symbols,
    between,
    code_live,
    code_rank,
    decide,
    direction,
    half_log,
    logarithm,
)
from core.codec.logistic import (
    MAX_LOGIT,
)
from core.codec.model_state import (
    CONTEXTS,
    INPUTS,
    LOW,
    NUM_INPUTS,
    PLACE,
    POSITION,
    POSITION_COST,
    POSITION_MIXER,
    RANK,
    RANK_MIXER,
    SIGN,
    SIGN_MIXER,
    VALUE_COST,
    VECTOR,
)
from core.compiling import compiled

_WINDOW = 4  # live columns on either side that tell of a unit's column


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
    ordered: bool,
    signs: Integers,
    ranks: Integers,
    symbols: Symbols,
    num_ranks: Integers,
    state: Integers,
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
        ordered: whether ``fed`` plus the row's own number never grows from row to row.
        signs: 1 or 2 for each symbol but 0, for which it is 0.
        ranks: rank of each symbol among those of its sign.
        symbols: the symbol of each sign and rank.
        num_ranks: number of ranks of each sign, ``[3]``.
        state: see ``decide``.
        stream: see ``decide``.
    """
    num_rows, num_columns = cells.shape
    area = height * width
    kind = UNITS if area == 1 else IMAGE if channels <= 3 else CHANNELS
    inputs, contexts = state[INPUTS:CONTEXTS], state[CONTEXTS:LOW]
    inputs[:] = 0
    keys = np.zeros(NUM_INPUTS, np.int64)
    for k in range(SIGN, VECTOR):  # values differ from layer to layer: forget a part
        if state[k] & 1023 > 12:
            state[k] = (state[k] & ~1023) | 12

    known = np.zeros(max(num_rows, num_columns), np.int64)
    for r in range(num_rows):
        known[r] = 0 if fed[r] < 0 else 1 if fed[r] == 0 else 2
    code_live(
        decoding, 0, kind, 1, 1, known, live_rows, state, stream
    )  # fmt: skip
    code_live(
        decoding, 1, kind, height, width, known, live_columns, state, stream
    )  # fmt: skip
    if state[PLACE] > stream.size:
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
    sign_sums, rank_sums = np.zeros(num_columns, np.int64), np.zeros(num_columns, np.int64)
    expected, logits = np.zeros(num_live, np.int64), np.zeros(num_live, np.int64)
    around = np.zeros(num_columns, np.int64)  # of the row: what lies near each cell, see below
    reciprocals = np.zeros(5, np.int64)
    rows_seen, cells_seen, num_nonzeros, before, bound = 0, 0, 0, -1, -1
    for r in range(num_rows):
        if not live_rows[r]:
            continue
        # The density of each column, drawn towards that of its neighbours, and of its channel.
        overall = (65536 * num_nonzeros + 13107) // (cells_seen + 4)
        total = 0
        if kind == UNITS:
            window = 0
            for j in range(min(_WINDOW, num_live)):
                window += counts[columns[j]]
            own = (1 << 32) // (rows_seen + 8)
            size = min(_WINDOW, num_live)
            reciprocal = (1 << 32) // (rows_seen * max(size - 1, 0) + 4)
            last = size
            for j in range(num_live):
                if j + _WINDOW < num_live:
                    window += counts[columns[j + _WINDOW]]
                    size += 1
                if j > _WINDOW:
                    window -= counts[columns[j - _WINDOW - 1]]
                    size -= 1
                count = counts[columns[j]]
                if size != last:
                    reciprocal = (1 << 32) // (rows_seen * (size - 1) + 4)
                    last = size
                near = (((window - count) * 65536 + 4 * overall) * reciprocal) >> 32
                expected[j] = between(((count * 65536 + 8 * near) * own) >> 32, 64, 62259)
        else:
            own = (1 << 32) // (rows_seen + 3)
            for k in range(5):
                reciprocals[k] = (1 << 32) // (rows_seen * k + 8)
            base, channel = overall, -1
            for j in range(num_live):
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
                expected[j] = between(((counts[c] * 65536 + 3 * near) * own) >> 32, 64, 62259)
        for j in range(num_live):
            total += expected[j]
            logits[j] = logarithm(expected[j]) - logarithm(65536 - expected[j])
        around[:] = 0
        most = num_columns
        if fed[r] >= 0 and bound >= 0 and ordered:
            most = bound - fed[r]
            likely, spare = most, 32
        else:
            likely, spare = before if before >= 0 else (overall * num_live) >> 16, 128
        log_left = logarithm(64 * max(likely, 0) + spare)
        row_count, row_signs, row_ranks, last_sign, last_rank = 0, 0, 0, 0, 0
        for j in range(num_live):
            if row_count >= most:
                break
            c = columns[j] & 0x7FFFFFFF
            near = around[c]
            pattern, far = near & 31, near >> 5 & 15
            outer, strong, num_near = near >> 9 & 63, near >> 15 & 7, near >> 18 & 7
            excess = log_left - logarithm((max(total, 0) >> 10) + spare)
            logit = logits[j]
            inputs[0] = logit
            inputs[1] = between(excess, -MAX_LOGIT, MAX_LOGIT)
            inputs[2] = 128 * min(outer, 15)
            inputs[3] = rings[j]
            inputs[4] = 256 * strong // num_near - 128 if num_near else 0
            density = min(15, half_log(1 + ((row_count * parts[j]) >> 16)))
            contexts[5] = POSITION + kind * 64 + density * 4 + ages[j]
            contexts[6] = POSITION + 192 + kind * 128 + min(3, far) * 32 + pattern
            contexts[7] = (
                POSITION
                + 576
                + kind * 256
                + between((excess >> 7) + 8, 0, 15) * 16
                + between(-logit >> 7, 0, 15)
            )
            symbol = cells[r, c]
            total -= expected[j]
            if not decide(
                decoding, 1 if symbol else 0, 5, POSITION_MIXER + kind,
                POSITION_MIXER + 3 + kind * 6 + num_near, state, stream,
                POSITION_COST,
            ):  # fmt: skip
                continue
            if state[PLACE] > stream.size:
                return False

            # The sign.
            y, x = (c % area) // width, c % width
            beside, above, corner_1, corner_2, beside_2 = 0, 0, 0, 0, 0
            near_ranks, weight = 0, 0
            if kind != UNITS:
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
            column_sign, column_count = 2 * sign_sums[c], 2 * counts[c]
            if kind == IMAGE:
                for k in (-width, -1, 1, width):
                    if 0 <= c + k < num_columns:
                        column_sign += sign_sums[c + k]
                        column_count += counts[c + k]
            inputs[0] = 256 * (s_1 + s_2) + 154 * (s_3 + s_4) + 102 * direction(signs[beside_2])
            inputs[1] = 512 * column_sign // (column_count + 4)
            inputs[2] = 512 * row_signs // (row_count + 2)
            inputs[3] = 128 * last_sign
            row_sign = between(row_signs, -7, 7) + 7
            contexts[4] = SIGN + kind * 81 + 27 * s_1 + 9 * s_2 + 3 * s_3 + s_4 + 40
            contexts[5] = SIGN + 243 + 16 * min(num_ranks[1], 15) + min(num_ranks[2], 15)
            contexts[6] = SIGN + 499 + kind * 9 + between(sign_sums[c], -4, 4) + 4
            contexts[7] = SIGN + 526 + 4 * row_sign + min(3, half_log(1 + row_count) >> 2)
            sign = 1 if num_ranks[2] == 0 else 2
            if num_ranks[1] and num_ranks[2]:
                sign = 1 + decide(
                    decoding, 1 if signs[symbol] == 2 else 0, 4, SIGN_MIXER + kind,
                    SIGN_MIXER + 3 + kind * 6 + num_near, state, stream, VALUE_COST,
                )  # fmt: skip

            # The rank.
            way = 2 * sign - 3
            same = 1 if way in (s_1, s_2) else 0
            same += 2 if -way in (s_1, s_2) else 0
            keys[0] = min(num_ranks[sign], 15)
            keys[1] = 1 + min(5, 2 * near_ranks // weight) if weight else 0
            keys[2] = min(6, 1 + 2 * rank_sums[c] // counts[c]) if counts[c] else 0
            keys[3] = min(6, 1 + 2 * row_ranks // row_count) if row_count else 0
            keys[4] = min(15, half_log(1 + 16 * counts[c] // (rows_seen + 1)))
            keys[5] = min(7, last_rank)
            keys[6] = min(7, half_log(1 + row_count) >> 1)
            keys[7] = same
            for k in range(NUM_INPUTS):
                keys[k] += 16 * (sign - 1)
            rank = code_rank(
                decoding, ranks[symbol], num_ranks[sign], RANK, 32, keys,
                RANK_MIXER, state, stream,
            )  # fmt: skip
            if decoding:
                cells[r, c] = symbols[sign, rank]

            if kind != UNITS:  # tell the cells to come
                is_strong = 1 if 2 * (rank + 1) > num_ranks[sign] else 0
                for down in range(min(4, height - y)):
                    for right in range(-3, 4):
                        place = x + right
                        if (down == 0 and right <= 0) or place < 0 or place >= width:
                            continue
                        distance = down * down + right * right
                        note = 0
                        if down == 0 and right <= 2:
                            note = right  # 1: beside, 2: two beside
                        elif down == 1 and -1 <= right <= 1:
                            note = 4 if right == 0 else 8 if right == 1 else 16
                        if note:
                            note += (is_strong << 15) + (1 << 18)
                        else:
                            note = 1 << 5 if distance <= 8 else 1 << 9
                        around[c + down * width + right] += note
            row_count += 1
            log_left = logarithm(64 * max(likely - row_count, 0) + spare)
            num_nonzeros += 1
            row_signs += way
            row_ranks += rank
            last_sign, last_rank = way, rank + 1
            counts[c] += 1
            channel_counts[c // area] += 1
            sign_sums[c] += way
            rank_sums[c] += rank
        cells_seen += num_live
        rows_seen += 1
        row_counts[r] = before = row_count
        bound = row_count + fed[r] if fed[r] >= 0 else -1
    return bool(state[PLACE] <= stream.size)
