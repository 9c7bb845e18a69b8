"""One queue of bits, written and read through ``constriction``'s symbol coders.

Numbers and code words share the queue: a plain bit is a symbol of the two-word code {0, 1}. The
first bit of the queue is the least significant bit of the first byte; the last byte is filled
with zeros.
"""

from collections import deque
from itertools import repeat
from typing import Any, TypeAlias

import constriction
import numpy as np
import numpy.typing as npt

from core.errors import CodecError

# Trees of constriction.symbol.huffman, which ships no type stubs.
EncoderTree: TypeAlias = Any
DecoderTree: TypeAlias = Any

_FAIR = np.array([0.5, 0.5])
_ENCODE_BIT: EncoderTree = constriction.symbol.huffman.EncoderHuffmanTree(_FAIR)
_DECODE_BIT: DecoderTree = constriction.symbol.huffman.DecoderHuffmanTree(_FAIR)


class BitWriter:
    """Appends bits to a queue."""

    def __init__(self) -> None:
        self._queue = constriction.symbol.QueueEncoder()

    def write(self, value: int, width: int) -> None:
        """Append the ``width`` lowest bits of a number, the least significant one first."""
        for k in range(width):
            self._queue.encode_symbol(value >> k & 1, _ENCODE_BIT)

    def write_symbols(self, symbols: npt.NDArray[Any], tree: EncoderTree) -> None:
        """Append the code words of the symbols, ``[symbols]``, each a leaf of the tree."""
        deque(map(self._queue.encode_symbol, symbols.tolist(), repeat(tree)), maxlen=0)

    def write_bits(self, bits: npt.NDArray[Any]) -> None:
        """Append plain bits, ``[bits]``, each 0 or 1."""
        self.write_symbols(bits, _ENCODE_BIT)

    def to_bytes(self) -> bytes:
        """The queue, filled with zeros to a whole byte."""
        words, num_bits = self._queue.get_compressed_and_bitrate()
        return bytes(words.astype("<u4").tobytes()[: (num_bits + 7) // 8])


class BitReader:
    """Takes bits from a queue.

    Attributes:
        position: bits read so far.
        num_bits: bits of the queue, the zeros that fill its last byte included.
    """

    def __init__(self, data: bytes, offset: int) -> None:
        """Read ``data``, whose first byte stands at ``offset`` in the file."""
        words = np.frombuffer(data + bytes(-len(data) % 4), "<u4").astype(np.uint32)
        self._queue = constriction.symbol.QueueDecoder(words)
        self._offset = offset
        self.position = 0
        self.num_bits = 8 * len(data)

    def error(self, message: str) -> CodecError:
        """What to raise about the byte of the next bit."""
        return CodecError(message, self._offset + min(self.position, self.num_bits) // 8)

    def need(self, num_bits: int, what: str) -> None:
        """Raise a ``CodecError`` unless at least ``num_bits`` bits are left."""
        if num_bits > self.num_bits - self.position:
            raise self.error(
                f"{what} needs {num_bits} bits or more, "
                f"but only {self.num_bits - self.position} are left"
            )

    def read(self, width: int, what: str) -> int:
        """A number of ``width`` bits, the least significant one first."""
        self.need(width, what)
        self.position += width
        return sum(int(self._queue.decode_symbol(_DECODE_BIT)) << k for k in range(width))

    def read_bits(self, count: int, what: str) -> npt.NDArray[np.uint8]:
        """``count`` plain bits, ``[count]``."""
        self.need(count, what)
        self.position += count
        return np.fromiter(
            map(self._queue.decode_symbol, repeat(_DECODE_BIT, count)), np.uint8, count
        )

    def read_symbols(
        self, count: int, tree: DecoderTree, lengths: npt.NDArray[np.int64], what: str
    ) -> npt.NDArray[np.int64]:
        """``count`` symbols, ``[count]``, of a complete code with two leaves or more.

        Args:
            count: number of symbols.
            tree: the code.
            lengths: bits of the code word of each leaf, ``[leaves]``.
            what: names the symbols in an error.
        """
        self.need(count * int(lengths.min()), what)
        try:
            symbols = np.fromiter(
                map(self._queue.decode_symbol, repeat(tree, count)), np.int64, count
            )
        except ValueError as error:  # constriction: ran out of bits
            self.position = self.num_bits
            raise self.error(f"{what} runs over the end of its bits") from error
        num_read = int(lengths[symbols].sum())
        self.need(num_read, what)
        self.position += num_read
        return symbols

    def finish(self) -> int:
        """Check that only filling zeros are left; their number, 0 to 7."""
        num_left = self.num_bits - self.position
        if num_left >= 8 or self.read(num_left, "the filling") != 0:
            raise self.error(f"{num_left} bits are left over behind the last symbol")
        return num_left
