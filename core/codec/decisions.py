"""Compiled binary decisions of the shared stream, and what matrices and vectors have in common.

Every decision is predicted by eight numbers in the logistic domain, some of them the logits of
adaptive probabilities, mixed by weights that learn as they go (Mahoney 2005, "Adaptive weighing of
context models for lossless data compression"), and coded by a carry-less binary arithmetic coder.
All arithmetic is on integers below 2**63, so that every machine takes the same decisions; encoder
and decoder are one function, so that they cannot differ. ``docs/format.md`` specifies it.

Why a loop of our own and not ``constriction``: each probability depends on the bit before, so its
vectorised calls cannot be used, and one call a bit takes microseconds and floats.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.codec.logistic import COST, HALF_LOG, LOG, LOG_16, MAX_LOGIT, SQUASH, STRETCH
from core.codec.model_state import (
    CODE,
    CONFIDENCES,
    HIGH,
    LOW,
    NUM_STEPS,
    PLACE,
    RATES,
    STEPS,
    Model,
)
from core.compiling import compiled

Eight = tuple[int, int, int, int, int, int, int, int]
Four = tuple[int, int, int, int]
Integers = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

INNER: dict[str, Any] = {"error_model": "numpy", "_nrt": False, "no_cpython_wrapper": True}
"""Options of what compiled loops alone call: it allocates nothing, so it counts no references."""

INLINED = INNER | {"forceinline": True}
"""The same for what every decision calls: its many arguments would cost more than its work."""

UNITS, IMAGE, CHANNELS = 0, 1, 2
"""What the columns are: units of the layer before, pixels, or channels of several cells."""


@compiled(**INLINED)
def logarithm(number: int) -> int:
    """Natural logarithm of a number of 1 or more, in units of 1/256."""
    extra = 0
    while number >= 4096:
        number >>= 4
        extra += LOG_16
    return int(LOG[number]) + extra


@compiled(**INLINED)
def half_log(number: int) -> int:
    """``2 log2(number)`` of a number of 1 or more, with a straight line between powers of 2."""
    extra = 0
    while number >= 4096:
        number >>= 1
        extra += 2
    return int(HALF_LOG[number]) + extra


@compiled(**INLINED)
def between(number: int, least: int, most: int) -> int:
    """The nearest number in the range."""
    return min(max(number, least), most)


@compiled(**INLINED)
def code_bit(
    decoding: bool, bit: int, probability: int, coder: Integers, stream: Bytes, cost: int
) -> int:
    """Code one bit whose probability of being 1 is known, of 65536; the bit."""
    low, high = coder[LOW], coder[HIGH]
    middle = low + (((high - low) * probability) >> 16)
    if decoding:
        bit = 1 if coder[CODE] <= middle else 0
    if bit:
        high = middle
        coder[cost] += COST[probability >> 4 & 4095]
    else:
        low = middle + 1
        coder[cost] += COST[~(probability >> 4) & 4095]
    while (low ^ high) >> 24 == 0:
        place = coder[PLACE]
        if decoding:
            following = np.int64(stream[place + 4]) if place + 4 < stream.size else 0
            coder[CODE] = (coder[CODE] << 8 & 0xFFFFFFFF) | following
        elif place < stream.size:
            stream[place] = low >> 24
        coder[PLACE] = place + 1
        low = low << 8 & 0xFFFFFFFF
        high = (high << 8 & 0xFFFFFFFF) | 255
    coder[LOW], coder[HIGH] = low, high
    return bit


@compiled(**INLINED)
def logit(slots: npt.NDArray[np.uint32], place: int) -> int:
    """Logit of a slot's probability, the smaller the less it has seen."""
    slot = np.int64(slots[place & 0x7FFFFFFF])
    return int((STRETCH[slot >> 20] * CONFIDENCES[slot & 1023]) >> 8)


@compiled(**INLINED)
def learn(slots: npt.NDArray[np.uint32], place: int, bit: int) -> None:
    """Move a slot's probability towards a bit."""
    slot = np.int64(slots[place & 0x7FFFFFFF])
    count, value = slot & 1023, slot >> 10
    value += (((bit << 22) - bit - value) * RATES[count]) >> 16
    slots[place & 0x7FFFFFFF] = value << 10 | min(count + 1, 1023)


@compiled(**INLINED)
def decide_by_1(
    decoding: bool,
    bit: int,
    place: int,
    slots: npt.NDArray[np.uint32],
    coder: Integers,
    stream: Bytes,
    cost: int,
) -> int:
    """Code one bit by one slot's probability and let the slot learn; the bit."""
    probability = between(int(np.int64(slots[place & 0x7FFFFFFF]) >> 16), 32, 65504)
    bit = code_bit(decoding, bit, probability, coder, stream, cost)
    learn(slots, place, bit)
    return bit


@compiled(**INLINED)
def mixed(weights: npt.NDArray[np.int32], x: Eight) -> int:
    """Sum of the inputs by a mixer's weights, as a logit."""
    total = weights[0] * x[0] + weights[1] * x[1] + weights[2] * x[2] + weights[3] * x[3]
    total += weights[4] * x[4] + weights[5] * x[5] + weights[6] * x[6] + weights[7] * x[7]
    return between(total >> 20, -MAX_LOGIT, MAX_LOGIT)


@compiled(**INLINED)
def adjust(weights: npt.NDArray[np.int32], x: Eight, error: int, seen: int) -> None:
    """Move a mixer's weights against the error, of 65536, that it made after so many decisions."""
    step = error * STEPS[min(seen & 0x7FFFFFFF, NUM_STEPS - 1)] >> 10
    weights[0] += (x[0] * step + 512) >> 10
    weights[1] += (x[1] * step + 512) >> 10
    weights[2] += (x[2] * step + 512) >> 10
    weights[3] += (x[3] * step + 512) >> 10
    weights[4] += (x[4] * step + 512) >> 10
    weights[5] += (x[5] * step + 512) >> 10
    weights[6] += (x[6] * step + 512) >> 10
    weights[7] += (x[7] * step + 512) >> 10


@compiled(**INLINED)
def mix(
    decoding: bool,
    bit: int,
    x: Eight,
    mixer: int,
    chosen: int,
    model: Model,
    stream: Bytes,
    cost: int,
) -> int:
    """Code one bit as two mixers predict it, and let these learn; the bit.

    The inputs are numbers and not an array: so they stay in registers, and no load has to wait
    until they are written.

    Args:
        decoding: whether ``bit`` is to be found out.
        bit: the bit to encode.
        x: the inputs.
        mixer: the mixer that always takes part.
        chosen: another mixer, which the caller has chosen.
        model: what is known.
        stream: bytes of the arithmetic code.
        cost: where in ``model.coder`` the bits are counted.
    """
    mixer, chosen = mixer & 0x7FFFFFFF, chosen & 0x7FFFFFFF
    weights_a, weights_b, seen = model.weights[mixer], model.weights[chosen], model.seen
    logit_a, logit_b = mixed(weights_a, x), mixed(weights_b, x)
    probability = between(SQUASH[((logit_a + logit_b) >> 1) + 2048 & 4095], 32, 65504)
    bit = code_bit(decoding, bit, probability, model.coder, stream, cost)
    target = bit << 16
    seen_a, seen_b = seen[mixer], seen[chosen]
    adjust(weights_a, x, target - SQUASH[logit_a + 2048 & 4095], seen_a)
    adjust(weights_b, x, target - SQUASH[logit_b + 2048 & 4095], seen_b)
    seen[mixer], seen[chosen] = seen_a + 1, seen_b + 1
    return bit


@compiled(**INLINED)
def decide_by_3(
    decoding: bool,
    bit: int,
    direct: tuple[int, int, int, int, int],
    places: tuple[int, int, int],
    mixer: int,
    chosen: int,
    model: Model,
    stream: Bytes,
    cost: int,
) -> int:
    """Code one bit by five direct inputs and three slots; arguments and result as of ``mix``."""
    slots = model.slots
    last = (logit(slots, places[0]), logit(slots, places[1]), logit(slots, places[2]))
    bit = mix(decoding, bit, direct + last, mixer, chosen, model, stream, cost)
    learn(slots, places[0], bit)
    learn(slots, places[1], bit)
    learn(slots, places[2], bit)
    return bit


@compiled(**INLINED)
def decide_by_4(
    decoding: bool,
    bit: int,
    direct: Four,
    places: Four,
    mixer: int,
    chosen: int,
    model: Model,
    stream: Bytes,
    cost: int,
) -> int:
    """Code one bit by four direct inputs and four slots; arguments and result as of ``mix``."""
    slots = model.slots
    last = (
        logit(slots, places[0]),
        logit(slots, places[1]),
        logit(slots, places[2]),
        logit(slots, places[3]),
    )
    bit = mix(decoding, bit, direct + last, mixer, chosen, model, stream, cost)
    learn(slots, places[0], bit)
    learn(slots, places[1], bit)
    learn(slots, places[2], bit)
    learn(slots, places[3], bit)
    return bit


@compiled(**INNER)
def decide_by_8(
    decoding: bool,
    bit: int,
    first: int,
    apart: int,
    keys: Eight,
    mixer: int,
    chosen: int,
    model: Model,
    stream: Bytes,
    cost: int,
) -> int:
    """Code one bit by eight slots, at ``first + apart * k + keys[k]``; else as ``mix``."""
    slots = model.slots
    x = (
        logit(slots, first + keys[0]),
        logit(slots, first + apart + keys[1]),
        logit(slots, first + 2 * apart + keys[2]),
        logit(slots, first + 3 * apart + keys[3]),
        logit(slots, first + 4 * apart + keys[4]),
        logit(slots, first + 5 * apart + keys[5]),
        logit(slots, first + 6 * apart + keys[6]),
        logit(slots, first + 7 * apart + keys[7]),
    )
    bit = mix(decoding, bit, x, mixer, chosen, model, stream, cost)
    learn(slots, first + keys[0], bit)
    learn(slots, first + apart + keys[1], bit)
    learn(slots, first + 2 * apart + keys[2], bit)
    learn(slots, first + 3 * apart + keys[3], bit)
    learn(slots, first + 4 * apart + keys[4], bit)
    learn(slots, first + 5 * apart + keys[5], bit)
    learn(slots, first + 6 * apart + keys[6], bit)
    learn(slots, first + 7 * apart + keys[7], bit)
    return bit


@compiled(**INLINED)
def direction(sign: int) -> int:
    """-1, 0 or 1 for the signs 1, 0 and 2."""
    return (sign == 2) - (sign == 1)
