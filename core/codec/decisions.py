"""Compiled binary decisions of the shared stream, and what matrices and vectors have in common.

Every decision is predicted by eight numbers in the logistic domain, some of them the logits of
adaptive probabilities, mixed by weights that learn as they go (Mahoney 2005, "Adaptive weighing of
context models for lossless data compression"), and coded by a carry-less binary arithmetic coder.
All arithmetic is on integers below 2**63, so that every machine takes the same decisions; encoder
and decoder are one function, so that they cannot differ. ``docs/format.md`` specifies it.

Why a loop of our own and not ``constriction``: each probability depends on the bit before, so its
vectorised calls cannot be used, and one call a bit takes microseconds and floats.
"""

import numpy as np
import numpy.typing as npt

from core.codec.logistic import COST, HALF_LOG, LOG, LOG_16, MAX_LOGIT, SQUASH, STRETCH
from core.codec.model_state import (
    CODE,
    CONFIDENCES,
    CONTEXTS,
    FIRST_MIXER,
    HIGH,
    INPUTS,
    LIVE,
    LIVE_MIXER,
    LOW,
    MIXER_SIZE,
    NUM_INPUTS,
    NUM_STEPS,
    PLACE,
    POSITION_COST,
    RATES,
    STEPS,
    VALUE_COST,
)
from core.compiling import compiled

Integers = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

UNITS, IMAGE, CHANNELS = 0, 1, 2
"""What the columns are: units of the layer before, pixels, or channels of several cells."""

MAX_UNARY = 14
"""Ranks beyond this one are told by plain bits."""


@compiled(error_model="numpy")
def logarithm(number: int) -> int:
    """Natural logarithm of a number of 1 or more, in units of 1/256."""
    extra = 0
    while number >= 4096:
        number >>= 4
        extra += LOG_16
    return int(LOG[number]) + extra


@compiled(error_model="numpy")
def half_log(number: int) -> int:
    """``2 log2(number)`` of a number of 1 or more, with a straight line between powers of 2."""
    extra = 0
    while number >= 4096:
        number >>= 1
        extra += 2
    return int(HALF_LOG[number]) + extra


@compiled(error_model="numpy")
def between(number: int, least: int, most: int) -> int:
    """The nearest number in the range."""
    return min(max(number, least), most)


@compiled(error_model="numpy")
def code_bit(
    decoding: bool, bit: int, probability: int, state: Integers, stream: Bytes, cost: int
) -> int:
    """Code one bit whose probability of being 1 is known, of 65536; the bit."""
    low, high = state[LOW], state[HIGH]
    middle = low + (((high - low) * probability) >> 16)
    if decoding:
        bit = 1 if state[CODE] <= middle else 0
    if bit:
        high = middle
        state[cost] += COST[probability >> 4 & 4095]
    else:
        low = middle + 1
        state[cost] += COST[~(probability >> 4) & 4095]
    while (low ^ high) >> 24 == 0:
        place = state[PLACE]
        if decoding:
            following = np.int64(stream[place + 4]) if place + 4 < stream.size else 0
            state[CODE] = (state[CODE] << 8 & 0xFFFFFFFF) | following
        elif place < stream.size:
            stream[place] = low >> 24
        state[PLACE] = place + 1
        low = low << 8 & 0xFFFFFFFF
        high = (high << 8 & 0xFFFFFFFF) | 255
    state[LOW], state[HIGH] = low, high
    return bit


@compiled(error_model="numpy")
def decide(
    decoding: bool,
    bit: int,
    num_direct: int,
    mixer: int,
    chosen: int,
    state: Integers,
    stream: Bytes,
    cost: int,
) -> int:
    """Code one bit and learn from it; the bit.

    Args:
        decoding: whether ``bit`` is to be found out.
        bit: the bit to encode.
        num_direct: how many inputs the caller has set; the rest are logits of slots, whose places
            the caller has set.
        mixer: the mixer that always takes part.
        chosen: the mixer that the caller has chosen.
        state: see ``model_state``.
        stream: bytes of the arithmetic code.
        cost: where in ``state`` the bits are counted.
    """
    first_a, first_b = FIRST_MIXER + MIXER_SIZE * mixer, FIRST_MIXER + MIXER_SIZE * chosen
    if first_a < 0 or first_b < 0:
        return 0  # never; but now the compiler knows that no index counts from the end
    for k in range(num_direct, NUM_INPUTS):
        slot = state[state[CONTEXTS + k] & 0xFFFF]
        state[INPUTS + k] = (STRETCH[slot >> 20 & 4095] * CONFIDENCES[slot & 1023]) >> 8
    sum_a, sum_b = 0, 0
    for k in range(NUM_INPUTS):
        x = state[INPUTS + k]
        sum_a += state[first_a + k] * x
        sum_b += state[first_b + k] * x
    sum_a = between(sum_a >> 20, -MAX_LOGIT, MAX_LOGIT)
    sum_b = between(sum_b >> 20, -MAX_LOGIT, MAX_LOGIT)
    probability = between(SQUASH[((sum_a + sum_b) >> 1) + 2048 & 4095], 32, 65504)
    bit = code_bit(decoding, bit, probability, state, stream, cost)
    target = bit << 16
    seen_a, seen_b = state[first_a + NUM_INPUTS], state[first_b + NUM_INPUTS]
    state[first_a + NUM_INPUTS], state[first_b + NUM_INPUTS] = seen_a + 1, seen_b + 1
    step_a = (target - SQUASH[sum_a + 2048 & 4095]) * STEPS[
        min(seen_a & 0x7FFFFFFF, NUM_STEPS - 1)
    ] >> 10
    step_b = (target - SQUASH[sum_b + 2048 & 4095]) * STEPS[
        min(seen_b & 0x7FFFFFFF, NUM_STEPS - 1)
    ] >> 10
    for k in range(NUM_INPUTS):
        x = state[INPUTS + k]
        state[first_a + k] += (x * step_a + 512) >> 10
        state[first_b + k] += (x * step_b + 512) >> 10
    for k in range(num_direct, NUM_INPUTS):
        place = state[CONTEXTS + k] & 0xFFFF
        slot = state[place]
        count, value = slot & 1023, slot >> 10
        value += (((bit << 22) - bit - value) * RATES[count]) >> 16
        state[place] = value << 10 | (count + 1 if count < 1023 else count)
    return bit


@compiled(error_model="numpy")
def code_live(
    decoding: bool,
    axis: int,
    kind: int,
    height: int,
    width: int,
    known: Integers,
    live: Bytes,
    state: Integers,
    stream: Bytes,
) -> None:
    """Code which rows (axis 0) or columns (axis 1) have a non-zero.

    Args:
        decoding: whether ``live`` is to be filled.
        axis: 0 for rows, 1 for columns.
        kind: what the columns are.
        height: of an image; 1 for rows.
        width: of an image; 1 for rows.
        known: what is known of each: 0 nothing, 1 that its unit feeds none, 2 that it feeds some.
        live: 1 for each that has one; of columns, ``[channels * height * width]``.
        state: see ``decide``.
        stream: see ``decide``.
    """
    inputs, contexts = state[INPUTS:CONTEXTS], state[CONTEXTS:LOW]
    inputs[:] = 0
    area = height * width
    recent = 0
    for k in range(live.size):
        pattern = 0
        y, x = (k % area) // width, k % width
        ring = min(7, y, height - 1 - y, x, width - 1 - x)
        if axis == 0 or kind == UNITS:
            pattern = (live[k - 1] if k > 0 else 0) + 2 * (live[k - 2] if k > 1 else 0)
        else:
            pattern = 1 * (live[k - 1] if x > 0 else 0) + 2 * (live[k - 2] if x > 1 else 0)
            if y > 0:
                pattern += 4 * live[k - width]
                pattern += 8 * live[k - width - 1] if x > 0 else 0
                pattern += 16 * live[k - width + 1] if x + 1 < width else 0
        of_kind = 3 * known[k] if axis == 0 else 9 + kind
        contexts[5] = LIVE + of_kind * 32 + pattern
        contexts[6] = LIVE + 384 + of_kind * 32 + ring * 4 + (pattern & 1) + (pattern >> 1 & 2)
        first = 1 if k % area == 0 else 0
        contexts[7] = LIVE + 768 + of_kind * 32 + min(8, recent) * 2 + first
        live[k] = decide(
            decoding, live[k], 5, LIVE_MIXER + of_kind, LIVE_MIXER + 12 + kind,
            state, stream, POSITION_COST,
        )  # fmt: skip
        recent += live[k]
        if k >= 8:
            recent -= live[k - 8]


@compiled(error_model="numpy")
def code_rank(
    decoding: bool,
    rank: int,
    num_ranks: int,
    base: int,
    span: int,
    keys: Integers,
    mixer: int,
    state: Integers,
    stream: Bytes,
) -> int:
    """Code a rank below ``num_ranks``: in unary, and from ``MAX_UNARY`` on in plain bits.

    Args:
        decoding: whether ``rank`` is to be found out.
        rank: the rank to encode.
        num_ranks: number of ranks.
        base: the first slot.
        span: slots of a step.
        keys: what is known, ``[8]``, each below ``span``; input k has its slots from
            ``base + k * 9 * span`` on, ``span`` for each of nine steps of the unary.
        mixer: the first of ten mixers.
        state: see ``decide``.
        stream: see ``decide``.
    """
    found = 0
    while found < min(num_ranks - 1, MAX_UNARY):
        step = min(found, 8)
        for k in range(NUM_INPUTS):
            state[CONTEXTS + k] = base + (k * 9 + step) * span + keys[k]
        if not decide(
            decoding, 1 if rank > found else 0, 0, mixer, mixer + 1 + step,
            state, stream, VALUE_COST,
        ):  # fmt: skip
            return found
        found += 1
    if num_ranks - 1 > MAX_UNARY:
        most, rest = num_ranks - 1 - MAX_UNARY, 0
        for level in range(15, -1, -1):
            if most >> level:
                bit = (rank - MAX_UNARY) >> level & 1
                rest = 2 * rest + code_bit(decoding, bit, 32768, state, stream, VALUE_COST)
        return MAX_UNARY + min(rest, most)
    return found


@compiled(error_model="numpy")
def direction(sign: int) -> int:
    """-1, 0 or 1 for the signs 1, 0 and 2."""
    return (sign == 2) - (sign == 1)
