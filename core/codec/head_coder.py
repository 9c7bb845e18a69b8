"""The head of a file, names, shapes and codebooks, as decisions of the same arithmetic code.

Each decision has one adaptive probability by its context and no mixing: there are a few hundred.
One class writes and reads, so that both take the same way.
"""

import numpy as np
import numpy.typing as npt

from core.codec.head_loop import (
    NOT_FINITE,
    TOO_LONG,
    code_floats,
    code_number,
    code_one,
    code_plain,
    code_tree,
)
from core.codec.model_state import CODE, CODER_SIZE, HIGH, PLACE, POSITION_COST, UNKNOWN
from core.errors import CodecError

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_SPAN = 64
"""Slots of a context."""

_RARE = 1 << 28
"""A slot that says 1 to one time in 16, of count 0."""

_MOST_BYTES = 64
"""More than any decision adds to a stream, but for a list of floats."""

# The commonest characters of a name, so that its first bit is mostly 0.
CHARACTERS = "abcdefghijklmnopqrstuvwxyz_.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class HeadCoder:
    """Codes bits, numbers, texts and floats; what it returns is what it was given or has read.

    Attributes:
        decoding: whether it reads; then the values that it is given are not looked at.
    """

    def __init__(self, stream: bytes | None = None, offset: int = 0) -> None:
        self.decoding = stream is not None
        self._stream: Bytes = np.frombuffer(stream or b"", np.uint8).copy()
        self._offset = offset
        self._coder = np.zeros(CODER_SIZE, np.int64)
        self._coder[HIGH] = 0xFFFFFFFF
        self._coder[CODE] = int.from_bytes((stream or b"")[:4].ljust(4, b"\0"), "big")
        self._slots = np.full(16 * _SPAN, UNKNOWN, np.uint32)
        self._firsts: dict[tuple[str, int], int] = {}

    @property
    def stream(self) -> Bytes:
        """The bytes, all that are read, or those written so far."""
        return self._stream if self.decoding else self._stream[: self._coder[PLACE]]

    @property
    def cost(self) -> int:
        """Bits so far, in 1/256."""
        return int(self._coder[POSITION_COST])

    def error(self, message: str) -> CodecError:
        """What to raise about the byte at the present position."""
        return CodecError(message, self._offset + min(int(self._coder[PLACE]), len(self._stream)))

    def bit(self, bit: int, context: str, detail: int = 0) -> int:
        """A bit by the adaptive probability of its context."""
        first = self._first(context, detail)
        self._make_room()
        return self._checked(
            code_one(self.decoding, int(bit), first, self._slots, self._coder, self._stream)
        )

    def plain(self, value: int, width: int) -> int:
        """A number of ``width`` bits, all values equally likely."""
        self._make_room()
        return self._checked(code_plain(self.decoding, value, width, self._coder, self._stream))

    def tree(self, value: int, width: int, context: str, detail: int = 0) -> int:
        """A number of ``width`` bits, at most 6, by adaptive probabilities."""
        first = self._first(context, detail)
        self._make_room()
        return self._checked(
            code_tree(self.decoding, value, width, first, self._slots, self._coder, self._stream)
        )

    def number(self, value: int, context: str) -> int:
        """A number from 0 to 2**62: how many bits it has beside the highest, then these."""
        first = self._first_of_number(context)
        self._make_room()
        return self._checked(
            code_number(self.decoding, value, first, self._slots, self._coder, self._stream)
        )

    def text(self, text: bytes, most: int) -> bytes:
        """A text of at most ``most`` bytes."""
        size = self.number(len(text), "text")
        if size > most:
            raise self.error(f"a text of {size} bytes is longer than {most}")
        plain = all(chr(byte) in CHARACTERS for byte in text)
        if size and self.bit(plain, "plain"):
            indices = [CHARACTERS.index(chr(b)) for b in text] if not self.decoding else [0] * size
            return "".join(CHARACTERS[self.tree(k, 6, "character")] for k in indices).encode()
        given = text if not self.decoding else bytes(size)
        return bytes(self.plain(byte, 8) for byte in given)

    def floats(self, values: npt.NDArray[np.float32], context: str) -> npt.NDArray[np.float32]:
        """Float32 values, ``[entries]``: when decoding, as many as are given are read.

        Sign, exponent as the difference from the one before, and as many bits of the mantissas as
        are needed for all.
        """
        bits = values.view(np.uint32).copy()
        used = int(np.bitwise_or.reduce(bits, initial=0)) & 0x7FFFFF
        width = self.tree(
            23 - (used & -used).bit_length() + 1 if used else 0, 5, context + " width"
        )
        if width > 23:
            raise self.error(f"a mantissa has {width} bits")
        signs = self._first(context + " sign", 0)
        self._first(context + " sign", 1)
        first_exponent = self._first_of_number(context + " first exponent")
        exponents = self._first_of_number(context + " exponent")
        self._make_room(16 * len(bits))
        result = code_floats(
            self.decoding, bits, width, signs, first_exponent, exponents, self._slots,
            self._coder, self._stream,
        )  # fmt: skip
        self._checked(result)
        return bits.view(np.float32)

    def hand_over(self, coder: Integers) -> None:
        """Give the arithmetic coder to the compiled loops."""
        coder[: PLACE + 1] = self._coder[: PLACE + 1]

    def _first(self, context: str, detail: int) -> int:
        """The first slot of a context."""
        first = self._firsts.get((context, detail))
        if first is None:
            first = self._firsts[context, detail] = _SPAN * len(self._firsts)
            if first == len(self._slots):
                more = np.full(len(self._slots), UNKNOWN, np.uint32)
                self._slots = np.concatenate((self._slots, more))
        return first

    def _first_of_number(self, context: str) -> int:
        """The same for a number: most are short, which their first slots know."""
        context += " length"
        is_new = (context, 0) not in self._firsts
        first = self._first(context, 0)
        if is_new:
            self._slots[first + 1 : first + 3] = _RARE
        return first

    def _make_room(self, num_bytes: int = 0) -> None:
        """Make the stream long enough for what comes, when encoding."""
        missing = int(self._coder[PLACE]) + num_bytes + _MOST_BYTES - len(self._stream)
        if missing > 0 and not self.decoding:
            more = np.zeros(missing + len(self._stream), np.uint8)
            self._stream = np.concatenate((self._stream, more))

    def _checked(self, result: int) -> int:
        """A result of a compiled loop, unless it stands for an error."""
        if self.decoding and self._coder[PLACE] > len(self._stream):
            raise self.error("the head of the file is cut short")
        if result == TOO_LONG:
            raise self.error("a number is not below 2**63")
        if result == NOT_FINITE:
            raise self.error("a value is not finite")
        return result
