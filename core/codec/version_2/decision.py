"""One decision of format version 2: a binary arithmetic decoder that learns from what it reads.

Adaptive probabilities in several contexts, mixed in the logistic domain (Mahoney 2005); the layout
of its slots and mixers. ``docs/format.md`` specifies it.
"""

import numpy as np
import numpy.typing as npt

from core.codec.logistic import COST, HALF_LOG, SQUASH, STRETCH
from core.compiling import compiled

Integers = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

OVERRUN = -1  # the stream is too short
NO_SYMBOL = -2  # a decision leads to a symbol that is not there

# Inputs of the three mixers, the last one of positions being the product of densities.
NUM_POSITION_INPUTS = 13
NUM_SIGN_INPUTS = 7
NUM_RANK_INPUTS = 7
STRIDE = 16  # weights of a mixer; the last one counts its decisions

# Groups of parameters, and the first of their mixers.
LIVE, POSITION, SIGN, RANK = 0, 1, 2, 3
POSITION_MIXER, SIGN_MIXER, RANK_MIXER, LIVE_MIXER, NUM_MIXERS = 0, 7, 14, 47, 51

# What ``coder`` holds.
LOW, HIGH, CODE, PLACE, POSITION_COST, VALUE_COST = 0, 1, 2, 3, 4, 5
NUM_CODER_NUMBERS = 6


@compiled(error_model="numpy")
def half_log(number: int) -> int:
    """About ``2 log2(number)``, rounded down, of a number of 1 or more."""
    extra = 0
    while number >= 4096:
        number >>= 1
        extra += 2
    return int(HALF_LOG[number]) + extra


@compiled(error_model="numpy")
def read_bit(
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
    """Read one bit and learn from it; the bit.

    Args:
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
    bit = 1 if coder[CODE] <= middle else 0
    if bit:
        high = middle
        coder[cost] += COST[probability >> 4]
    else:
        low = middle + 1
        coder[cost] += COST[4095 - (probability >> 4)]
    while (low ^ high) >> 24 == 0:
        place = coder[PLACE] + 4
        following = np.int64(stream[place]) if place < stream.size else 0
        coder[CODE] = (coder[CODE] << 8 & 0xFFFFFFFF) | following
        coder[PLACE] += 1
        low = low << 8 & 0xFFFFFFFF
        high = (high << 8 & 0xFFFFFFFF) | 255
    coder[LOW], coder[HIGH] = low, high

    target = bit << 16
    horizon = parameters[3]
    last = STRIDE - 1
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
