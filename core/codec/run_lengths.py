"""Numbers of unknown size in few bits: Elias's gamma code with a known maximum.

A number from 1 to ``maximum`` less 1 is split into a quotient and ``order`` low bits
(exponential Golomb code); the quotient's bit length stands in unary, and the unary ends without a
terminator at the bit length that the maximum allows (Elias 1975; Teuhola 1978).
"""

from collections.abc import Iterator

from core.codec.bit_queue import BitReader

Field = tuple[int, int]
"""A number and its width in bits, as ``BitWriter.write`` takes them."""


def unary_field(count: int) -> Field:
    """``count`` ones and a zero."""
    return (1 << count) - 1, count + 1


def number_fields(value: int, maximum: int, order: int) -> Iterator[Field]:
    """The bits of ``value``, 1 to ``maximum``; none at all where the maximum is 1."""
    if maximum == 1:
        return
    quotient, longest = ((value - 1) >> order) + 1, ((maximum - 1) >> order) + 1
    num_bits = quotient.bit_length() - 1
    ones, width = unary_field(num_bits)
    yield ones, min(width, longest.bit_length() - 1)
    yield quotient - (1 << num_bits), num_bits
    yield (value - 1) & ((1 << order) - 1), order


def read_number(reader: BitReader, maximum: int, order: int, what: str) -> int:
    """The number whose bits ``number_fields`` gives for this maximum and order."""
    if maximum == 1:
        return 1
    longest = ((maximum - 1) >> order) + 1
    num_bits = 0
    while num_bits < longest.bit_length() - 1 and reader.read(1, what):
        num_bits += 1
    quotient = reader.read(num_bits, what) + (1 << num_bits)
    value = (((quotient - 1) << order) | reader.read(order, what)) + 1
    if value > maximum:
        raise reader.error(f"{what} is {value}, but can be {maximum} at most")
    return value
