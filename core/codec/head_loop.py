"""The compiled decisions of the head: each has one adaptive probability and nothing is mixed.

They are few, but so are those of a small network, and one takes Python as long as thirty take a
compiled loop.
"""

import numpy as np
import numpy.typing as npt

from core.codec.decisions import INLINED, Bytes, Integers, between, code_bit
from core.codec.model_state import POSITION_COST, RATES
from core.compiling import compiled

Slots = npt.NDArray[np.uint32]
Bits = npt.NDArray[np.uint32]

LENGTH_BITS = 6
MAX_LENGTH = 62
MAX_COUNT = 63
TOO_LONG, NOT_FINITE = -1, -2
"""Results that stand for an error: a number beyond 2**63 - 2, a float that is none."""


@compiled(**INLINED)
def code_slot(
    decoding: bool, bit: int, place: int, slots: Slots, coder: Integers, stream: Bytes
) -> int:
    """Code a bit by the adaptive probability of a slot, and let it learn; the bit."""
    place &= 0x7FFFFFFF
    slot = int(np.int64(slots[place]))
    count, value = slot & 1023, slot >> 10
    probability = between(value >> 6, 32, 65504)
    bit = code_bit(decoding, bit, probability, coder, stream, POSITION_COST)
    value += (((bit << 22) - bit - value) * RATES[count]) >> 16
    slots[place] = value << 10 | min(count + 1, MAX_COUNT)
    return bit


@compiled(error_model="numpy", _nrt=False)
def code_one(
    decoding: bool, bit: int, place: int, slots: Slots, coder: Integers, stream: Bytes
) -> int:
    """``code_slot`` for callers that are not compiled."""
    return code_slot(decoding, bit, place, slots, coder, stream)


@compiled(error_model="numpy", _nrt=False)
def code_tree(
    decoding: bool,
    value: int,
    width: int,
    first: int,
    slots: Slots,
    coder: Integers,
    stream: Bytes,
) -> int:
    """Code a number of ``width`` bits, the highest first, by the slots from ``first`` on."""
    path = 1
    for level in range(width - 1, -1, -1):
        path = 2 * path + code_slot(
            decoding, value >> level & 1, first + path, slots, coder, stream
        )  # fmt: skip
    return path - (1 << width)


@compiled(error_model="numpy", _nrt=False)
def code_plain(decoding: bool, value: int, width: int, coder: Integers, stream: Bytes) -> int:
    """Code a number of ``width`` bits, all values equally likely."""
    found = 0
    for level in range(width - 1, -1, -1):
        bit = value >> level & 1
        found = 2 * found + code_bit(decoding, bit, 32768, coder, stream, POSITION_COST)
    return found


@compiled(error_model="numpy", _nrt=False)
def code_number(
    decoding: bool, value: int, first: int, slots: Slots, coder: Integers, stream: Bytes
) -> int:
    """Code a number from 0 to 2**62: how many bits it has beside the highest, then these."""
    length = 0
    while (value + 1) >> (length + 1):
        length += 1
    length = code_tree(decoding, length, LENGTH_BITS, first, slots, coder, stream)
    if length > MAX_LENGTH:
        return TOO_LONG
    rest = (value + 1) & ((1 << length) - 1)
    return (1 << length | code_plain(decoding, rest, length, coder, stream)) - 1


@compiled(error_model="numpy", _nrt=False)
def code_floats(
    decoding: bool,
    bits: Bits,
    width: int,
    signs: int,
    first_exponent: int,
    exponents: int,
    slots: Slots,
    coder: Integers,
    stream: Bytes,
) -> int:
    """Code float32 values, given and found as their bits; 0, or what stands for an error.

    Args:
        decoding: whether ``bits`` is to be filled.
        bits: of the values, ``[entries]``.
        width: bits of each mantissa that are told.
        signs: the first of 128 slots.
        first_exponent: the first of 64 slots.
        exponents: the first of 64 slots.
        slots: of the head.
        coder: the arithmetic coder.
        stream: bytes of the arithmetic code.
    """
    sign, exponent = 0, 124
    for k in range(len(bits)):
        given = int(np.int64(bits[k]))
        place = signs + 64 * sign + min(k, 1)
        sign = code_slot(decoding, given >> 31, place, slots, coder, stream)
        change = (given >> 23 & 255) - exponent
        folded = 2 * change - 1 if change > 0 else -2 * change
        first = exponents if k else first_exponent
        folded = code_number(decoding, folded, first, slots, coder, stream)
        if folded == TOO_LONG:
            return TOO_LONG
        exponent += (folded + 1) // 2 if folded & 1 else -(folded // 2)
        if exponent < 0 or exponent >= 255:
            return NOT_FINITE
        mantissa = (given & 0x7FFFFF) >> (23 - width)
        mantissa = code_plain(decoding, mantissa, width, coder, stream) << (23 - width)
        if decoding:
            bits[k] = sign << 31 | exponent << 23 | mantissa
    return 0
