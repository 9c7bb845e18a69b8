"""The compiled loop of context mixing: a matrix of symbols, one binary decision at a time.

Every decision is predicted by adaptive probabilities in several contexts, mixed in the logistic
domain by weights that learn as they go (Mahoney 2005, "Adaptive weighing of context models for
lossless data compression"; his lpaq is the model of the fixed-point arithmetic), and coded by a
carry-less binary arithmetic coder. All arithmetic is on integers below 2**63, and the one table of
the logistic function stands here as integers, so that every machine takes the same decisions.

Why a loop of our own and not ``constriction``: each probability depends on the bit before, so its
vectorised calls cannot be used, and one call a bit takes microseconds, needs floats in its
interface and rounds each of the few hundred bytes of a stream up to words of 32 bits. The coder
itself is a dozen lines, and plain Python decodes it too. Encoder and decoder are one function, so
that they cannot differ. It stays in one file because numba's cache looks at one file only.

The whole of it is specified in ``docs/format.md``.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Function = TypeVar("Function", bound=Callable[..., Any])

OVERRUN = -1  # the encoder's buffer is too small, or the decoder's stream too short
NO_SYMBOL = -2  # a decision leads to a symbol that is not there

# 65536 / (1 + exp(-x)) at x = -8, -7.5, ..., 8.
_LOGISTIC = np.array(
    [
        *(22, 36, 60, 98, 162, 267, 440, 724, 1179, 1921, 3108, 4971, 7812, 11956, 17625, 24743),
        *(32768, 40793, 47911, 53580, 57724, 60565, 62428, 63615, 64357, 64812, 65096, 65269),
        *(65374, 65438, 65476, 65500, 65514),
    ],
    np.int64,
)
_X = np.arange(4096)
# Probability, of 65536, at each of 256 steps a nat from -8 to 8; and its inverse, from 12 bits.
SQUASH = (
    _LOGISTIC[_X >> 7]
    + (((_LOGISTIC[np.minimum((_X >> 7) + 1, 32)] - _LOGISTIC[_X >> 7]) * (_X & 127)) >> 7)
).astype(np.int32)
STRETCH = (np.searchsorted(SQUASH, 16 * _X + 8) - 2048).clip(-2047, 2047).astype(np.int16)
# Bits, in units of 1/256, of a decision of that probability: for the account of a file only.
_COST = np.round(-256 * np.log2((_X + 0.5) / 4096)).astype(np.int16)
_HALF_LOG = np.zeros(4096, np.uint8)
for _bits in range(12):
    _HALF_LOG[1 << _bits :] = 2 * _bits
    _HALF_LOG[3 << _bits >> 1 :] += _bits > 0

# Inputs of the three mixers, the last one of positions being the product of densities.
NUM_POSITION_INPUTS = 13
NUM_SIGN_INPUTS = 7
NUM_RANK_INPUTS = 7
_STRIDE = 16  # weights of a mixer; the last one counts its decisions

# Groups of parameters, and the first of their mixers.
_LIVE, _POSITION, _SIGN, _RANK = 0, 1, 2, 3
_POSITION_MIXER, _SIGN_MIXER, _RANK_MIXER, _LIVE_MIXER, _NUM_MIXERS = 0, 7, 14, 47, 51

# What ``coder`` holds.
LOW, HIGH, CODE, PLACE, POSITION_COST, VALUE_COST = 0, 1, 2, 3, 4, 5
NUM_CODER_NUMBERS = 6


def compiled(function: Function) -> Function:
    """Compile a loop with numba on first use and cache the machine code on disk."""
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@compiled
def half_log(number: int) -> int:
    """About ``2 log2(number)``, rounded down, of a number of 1 or more."""
    extra = 0
    while number >= 4096:
        number >>= 1
        extra += 2
    return int(_HALF_LOG[number]) + extra


@compiled
def code_bit(  # noqa: PLR0915 one decision, told in one piece
    decoding: bool,
    bit: int,
    inputs: Integers,
    num_inputs: int,
    direct: int,
    slots: Integers,
    weights: Integers,
    mixer: int,
    chosen: int,
    stretched: Integers,
    coder: Integers,
    stream: Bytes,
    cost: int,
    parameters: Integers,
    rates: Integers,
    confidences: Integers,
) -> int:
    """Code one bit and learn from it; the bit.

    Args:
        decoding: whether ``bit`` is to be found out.
        bit: the bit to encode.
        inputs: slot of each context, ``[inputs]``; a slot is ``probability << 10 | count``, the
            probability of a one in 22 bits.
        num_inputs: number of them.
        direct: one more input, in the logistic domain.
        slots: all slots.
        weights: all mixers' weights, 65536 being 1.
        mixer: start of the weights of the mixer that always takes part.
        chosen: start of the weights of the mixer that the caller has chosen.
        stretched: room for the inputs in the logistic domain.
        coder: state of the arithmetic coder.
        stream: its bytes.
        cost: where in ``coder`` the bits are counted.
        parameters: greatest count of a slot, lasting and initial rate of learning, its horizon.
        rates: rate of adaptation by count, 65536 being 1, ``[1024]``.
        confidences: factor of an input by count, 256 being 1, ``[1024]``.
    """
    sum_a, sum_b = weights[mixer + num_inputs] * direct, weights[chosen + num_inputs] * direct
    stretched[num_inputs] = direct
    for k in range(num_inputs):
        slot = slots[inputs[k]]
        x = (STRETCH[slot >> 20] * confidences[slot & 1023]) >> 8
        stretched[k] = x
        sum_a += weights[mixer + k] * x
        sum_b += weights[chosen + k] * x
    sum_a = min(max(sum_a >> 16, -2047), 2047)
    sum_b = min(max(sum_b >> 16, -2047), 2047)
    probability = min(max(SQUASH[((sum_a + sum_b) >> 1) + 2048], 32), 65504)
    low, high = coder[LOW], coder[HIGH]
    middle = low + (((high - low) * probability) >> 16)
    if decoding:
        bit = 1 if coder[CODE] <= middle else 0
    if bit:
        high = middle
        coder[cost] += _COST[probability >> 4]
    else:
        low = middle + 1
        coder[cost] += _COST[4095 - (probability >> 4)]
    while (low ^ high) >> 24 == 0:
        if decoding:
            place = coder[PLACE] + 4
            following = np.int64(stream[place]) if place < stream.size else 0
            coder[CODE] = (coder[CODE] << 8 & 0xFFFFFFFF) | following
        elif coder[PLACE] < stream.size:
            stream[coder[PLACE]] = low >> 24
        coder[PLACE] += 1
        low = low << 8 & 0xFFFFFFFF
        high = (high << 8 & 0xFFFFFFFF) | 255
    coder[LOW], coder[HIGH] = low, high

    target = bit << 16
    horizon = parameters[3]
    last = _STRIDE - 1
    step_a, step_b = parameters[1], parameters[1]
    extra = parameters[2] * horizon
    if weights[mixer + last] < extra:  # else the quotient is 0, and divisions are slow
        step_a += extra // (horizon + weights[mixer + last])
    if weights[chosen + last] < extra:
        step_b += extra // (horizon + weights[chosen + last])
    weights[mixer + last] += 1
    weights[chosen + last] += 1
    step_a *= target - SQUASH[sum_a + 2048]
    step_b *= target - SQUASH[sum_b + 2048]
    for k in range(num_inputs + 1):
        weights[mixer + k] += (stretched[k] * step_a + (1 << 17)) >> 18
        weights[chosen + k] += (stretched[k] * step_b + (1 << 17)) >> 18
    for k in range(num_inputs):
        slot = slots[inputs[k]]
        count = slot & 1023
        value = slot >> 10
        value += (((bit << 22) - bit - value) * rates[count]) >> 16
        slots[inputs[k]] = value << 10 | (count + 1 if count < parameters[0] else count)
    return bit


@compiled
def code_matrix(  # noqa: PLR0912, PLR0915 one loop, its state and its contexts
    decoding: bool,
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
    """Code a matrix of symbols; the bytes of the stream so far, or a negative error.

    Args:
        decoding: whether ``cells``, all zero, are to be filled.
        cells: the symbols, 0 being the zero; row r, column c at r row_stride + c column_stride.
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
        parameters: of each group of decisions, see ``code_bit``; the same below.
        rates: see ``code_bit``.
        confidences: see ``code_bit``.
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
    inputs = np.zeros(_STRIDE, np.int64)
    stretched = np.zeros(_STRIDE, np.int64)
    weights = np.zeros(_STRIDE * _NUM_MIXERS, np.int64)
    for k in range(_NUM_MIXERS):
        start = _STRIDE * k
        if k < _SIGN_MIXER:
            weights[start : start + NUM_POSITION_INPUTS] = position_weights
        elif k < _RANK_MIXER:
            weights[start : start + NUM_SIGN_INPUTS] = sign_weights
        elif k < _LIVE_MIXER:
            weights[start : start + NUM_RANK_INPUTS] = rank_weights
        else:
            weights[start : start + 2] = 30000

    live_rows = np.zeros(num_rows, np.uint8)
    live_columns = np.zeros(num_columns, np.uint8)
    if not decoding:
        for r in range(num_rows):
            for c in range(num_columns):
                if cells[r * row_stride + c * column_stride]:
                    live_rows[r] = 1
                    live_columns[c] = 1
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
            mixer = _STRIDE * (_LIVE_MIXER + 2 * axis)
            live[k] = code_bit(
                decoding, live[k], inputs, 2, 0, slots, weights, mixer, mixer + _STRIDE, stretched,
                coder, stream, POSITION_COST, parameters[_LIVE], rates[_LIVE], confidences[_LIVE],
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
            symbol = cells[cell]
            nonzero = code_bit(
                decoding, 1 if symbol else 0, inputs, NUM_POSITION_INPUTS - 1,
                min(max(direct, -2047), 2047), slots, weights, _STRIDE * _POSITION_MIXER,
                _STRIDE * (_POSITION_MIXER + 1 + around), stretched, coder, stream, POSITION_COST,
                parameters[_POSITION], rates[_POSITION], confidences[_POSITION],
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
                sign = 1 + code_bit(
                    decoding, 1 if signs[symbol] == 2 else 0, inputs, NUM_SIGN_INPUTS, 0, slots,
                    weights, _STRIDE * _SIGN_MIXER, _STRIDE * (_SIGN_MIXER + 1 + abs(agreed)),
                    stretched, coder, stream, VALUE_COST, parameters[_SIGN], rates[_SIGN],
                    confidences[_SIGN],
                )  # fmt: skip
                beside = left if left else up
                likeness = 0
                if beside:
                    likeness = 8 + min(3, ranks[beside]) + 4 * (signs[beside] == sign)
                rank = ranks[symbol]
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
                    path = path * 2 + code_bit(
                        decoding, rank >> level & 1, inputs, NUM_RANK_INPUTS, 0, slots, weights,
                        _STRIDE * _RANK_MIXER, _STRIDE * (_RANK_MIXER + 1 + min(31, path)),
                        stretched, coder, stream, VALUE_COST, parameters[_RANK], rates[_RANK],
                        confidences[_RANK],
                    )  # fmt: skip
                rank = path - (1 << rank_bits)
                if decoding:
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
