"""The head of a file, names, shapes and codebooks, as decisions of the same arithmetic code.

Each decision has one adaptive probability by its context and no mixing: there are a few hundred.
One class writes and reads, so that both take the same way.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.codec.logistic import COST
from core.codec.model_state import CODE, HIGH, LOW, PLACE, RATES
from core.errors import CodecError

Context: TypeAlias = tuple[str, int, int]

_HALF = 1 << 21
_RARE = 1 << 18
_LENGTH_BITS = 6
_MAX_COUNT = 63
_RATES = RATES[: _MAX_COUNT + 1].tolist()
_COST = COST.tolist()
# The commonest characters of a name, so that its first bit is mostly 0.
CHARACTERS = "abcdefghijklmnopqrstuvwxyz_.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class HeadCoder:
    """Codes bits, numbers, texts and floats; what it returns is what it was given or has read.

    Attributes:
        decoding: whether it reads; then the values that it is given are not looked at.
        stream: the bytes, read, or written so far.
        cost: bits so far, in 1/256.
    """

    def __init__(self, stream: bytes | None = None, offset: int = 0) -> None:
        self.decoding = stream is not None
        self.stream = bytearray(stream or b"")
        self.cost = 0
        self._offset = offset
        self._low, self._high, self._place = 0, 0xFFFFFFFF, 0
        self._code = int.from_bytes(self.stream[:4].ljust(4, b"\0"), "big")
        self._slots: dict[Context, list[int]] = {}

    def error(self, message: str) -> CodecError:
        """What to raise about the byte at the present position."""
        return CodecError(message, self._offset + min(self._place, len(self.stream)))

    def bit(self, bit: int, context: Context, initial: int = _HALF) -> int:
        """A bit by the adaptive probability of its context."""
        slot = self._slots.get(context)
        if slot is None:
            slot = self._slots[context] = [initial, 0]
        value, count = slot
        probability = value >> 6
        if not 32 <= probability <= 65504:
            probability = 32 if probability < 32 else 65504
        bit = self._split(bit, probability)
        slot[0] = value + (((bit << 22) - bit - value) * _RATES[count] >> 16)
        if count < _MAX_COUNT:
            slot[1] = count + 1
        return bit

    def _split(self, bit: int, probability: int) -> int:
        low, high = self._low, self._high
        middle = low + ((high - low) * probability >> 16)
        if self.decoding:
            bit = 1 if self._code <= middle else 0
        if bit:
            self._high = high = middle
            self.cost += _COST[probability >> 4]
        else:
            self._low = low = middle + 1
            self.cost += _COST[4095 - (probability >> 4)]
        if (low ^ high) < 1 << 24:
            self._shift()
        return bit

    def _shift(self) -> None:
        """Drop the bytes that the ends of the interval agree in."""
        while (self._low ^ self._high) >> 24 == 0:
            if self.decoding:
                following = self._place + 4
                byte = self.stream[following] if following < len(self.stream) else 0
                self._code = (self._code << 8 & 0xFFFFFFFF) | byte
                if self._place >= len(self.stream):
                    raise self.error("the head of the file is cut short")
            else:
                self.stream.append(self._low >> 24)
            self._place += 1
            self._low = self._low << 8 & 0xFFFFFFFF
            self._high = (self._high << 8 & 0xFFFFFFFF) | 255

    def plain(self, value: int, width: int) -> int:
        """A number of ``width`` bits, all values equally likely."""
        found = 0
        for level in range(width - 1, -1, -1):
            found = 2 * found + self._split(value >> level & 1, 32768)
        return found

    def tree(self, value: int, width: int, context: str, detail: int = 0) -> int:
        """A number of ``width`` bits by adaptive probabilities."""
        path = 1
        for level in range(width - 1, -1, -1):
            path = 2 * path + self.bit(value >> level & 1, (context, detail, path))
        return path - (1 << width)

    def number(self, value: int, context: str) -> int:
        """A number from 0 to 2**62: how many bits it has beside the highest, then these."""
        length, path = (value + 1).bit_length() - 1, 1
        for level in range(_LENGTH_BITS - 1, -1, -1):
            initial = _RARE if path == 1 << (_LENGTH_BITS - 1 - level) and level > 3 else _HALF
            path = 2 * path + self.bit(length >> level & 1, (context, 0, path), initial)
        length = path - (1 << _LENGTH_BITS)
        if length > 62:
            raise self.error("a number is not below 2**63")
        low_bits = self.plain(value + 1 & (1 << length) - 1, length)
        return (1 << length | low_bits) - 1

    def text(self, text: bytes, most: int) -> bytes:
        """A text of at most ``most`` bytes."""
        size = self.number(len(text), "text")
        if size > most:
            raise self.error(f"a text of {size} bytes is longer than {most}")
        plain = all(chr(byte) in CHARACTERS for byte in text)
        if size and self.bit(plain, ("plain", 0, 0)):
            indices = [CHARACTERS.index(chr(b)) for b in text] if not self.decoding else [0] * size
            return "".join(CHARACTERS[self.tree(k, 6, "character")] for k in indices).encode()
        given = text if not self.decoding else bytes(size)
        return bytes(self.plain(byte, 8) for byte in given)

    def floats(self, values: npt.NDArray[np.float32], context: str) -> npt.NDArray[np.float32]:
        """Float32 values, ``[entries]``: when decoding, as many as are given are read.

        Sign, exponent as the difference from the one before, and as many bits of the mantissas as
        are needed for all.
        """
        bits = values.view(np.uint32)
        used = int(np.bitwise_or.reduce(bits, initial=0)) & 0x7FFFFF
        width = self.tree(
            23 - (used & -used).bit_length() + 1 if used else 0, 5, context + " width"
        )
        if width > 23:
            raise self.error(f"a mantissa has {width} bits")
        sign, exponent = 0, 124
        found = np.zeros(len(values), np.uint32)
        for k, given in enumerate(bits.tolist()):
            sign = self.bit(given >> 31, (context + " sign", sign, min(k, 1)))
            change = (given >> 23 & 255) - exponent
            is_down = 2 * change - 1 if change > 0 else -2 * change
            folded = self.number(is_down, context + (" exponent" if k else " first exponent"))
            exponent += (folded + 1) // 2 if folded & 1 else -(folded // 2)
            if not 0 <= exponent < 255:
                raise self.error("a value is not finite")
            mantissa = self.plain((given & 0x7FFFFF) >> (23 - width), width) << (23 - width)
            found[k] = sign << 31 | exponent << 23 | mantissa
        return found.view(np.float32)

    def hand_over(self, coder: npt.NDArray[np.int64]) -> None:
        """Give the arithmetic coder to the compiled loops."""
        coder[LOW], coder[HIGH], coder[CODE] = self._low, self._high, self._code
        coder[PLACE] = self._place
