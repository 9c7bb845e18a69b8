"""The code of one stream of symbols, and the table that tells it to the decoder.

A table must be small: the streams of a whole file are a few kilobytes. A Huffman table is a
sequence of runs of equal code lengths, and it ends where the code is complete. For a stream whose
counts fall with the symbol, as those of gaps do, lengths that rise in a few long runs can cost
fewer bits in table and message together than Huffman's, so ``best_code`` tries both.
"""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.codec.bit_queue import BitReader, BitWriter
from core.codec.huffman import HuffmanCode, huffman_lengths
from core.codec.length_table import length_fields, read_lengths
from core.codec.run_lengths import Field

Counts: TypeAlias = npt.NDArray[np.int64]

_SMOOTHING_SCALE_BITS = 16


class OneSymbolCode:
    """A stream that repeats one symbol: no bits.

    Attributes:
        symbol: the symbol.
    """

    def __init__(self, symbol: int) -> None:
        self.symbol = symbol

    def num_bits(self, counts: Counts) -> int:
        """0."""
        return 0

    def write(self, writer: BitWriter, symbols: npt.NDArray[np.int64]) -> None:
        """Append nothing."""

    def read(self, reader: BitReader, count: int, what: str) -> npt.NDArray[np.int64]:
        """The symbol ``count`` times, as a view that takes no memory."""
        return np.broadcast_to(np.int64(self.symbol), (count,))


class FixedWidthCode:
    """Plain binary numbers, the least significant bit first.

    Attributes:
        alphabet_size: number of symbols, 2 or more.
        width: bits of a symbol.
    """

    def __init__(self, alphabet_size: int) -> None:
        self.alphabet_size = alphabet_size
        self.width = (alphabet_size - 1).bit_length()

    def num_bits(self, counts: Counts) -> int:
        """Bits of a message with ``counts[s]`` symbols ``s``."""
        return self.width * int(counts.sum())

    def write(self, writer: BitWriter, symbols: npt.NDArray[np.int64]) -> None:
        """Append the symbols, ``[symbols]``."""
        writer.write_bits((symbols[:, None] >> np.arange(self.width) & 1).reshape(-1))

    def read(self, reader: BitReader, count: int, what: str) -> npt.NDArray[np.int64]:
        """``count`` symbols, ``[count]``; ``what`` names them in an error."""
        bits = reader.read_bits(count * self.width, what)
        symbols = bits.reshape(count, self.width) @ (1 << np.arange(self.width))
        if count and symbols.max() >= self.alphabet_size:
            raise reader.error(
                f"{what} holds {symbols.max()}, but its symbols end at {self.alphabet_size - 1}"
            )
        return np.asarray(symbols, np.int64)


Code: TypeAlias = OneSymbolCode | FixedWidthCode | HuffmanCode


def max_code_words(count: int) -> int:
    """Code words that a table may give for a message of ``count`` symbols.

    Without a limit a table of a few bytes could make the decoder build a tree of 65,536 leaves,
    once a tensor. With it, the time to decode is linear in the bytes of the file.
    """
    return 256 + 16 * count


def best_code(counts: Counts) -> Code:
    """The code that costs the fewest bits, table and message together.

    Args:
        counts: occurrences of each symbol, ``[alphabet]``, at least one of them positive.
    """
    symbols = np.flatnonzero(counts)
    if len(symbols) == 1:
        return OneSymbolCode(int(symbols[0]))
    codes: list[Code] = [FixedWidthCode(len(counts)), HuffmanCode(huffman_lengths(counts))]
    if symbols[-1] > 1 and symbols[-1] < max_code_words(int(counts.sum())):
        codes.append(HuffmanCode(_rising_lengths(counts[: symbols[-1] + 1], len(counts))))
    return min(codes, key=lambda code: table_bits(code, len(counts)) + code.num_bits(counts))


def table_bits(code: Code, alphabet_size: int) -> int:
    """Bits of the table of ``code``."""
    return sum(width for _, width in _table_fields(code, alphabet_size))


def write_table(writer: BitWriter, code: Code, alphabet_size: int) -> None:
    """Append the table of ``code``; an alphabet of one symbol has none."""
    for value, width in _table_fields(code, alphabet_size):
        writer.write(value, width)


def read_table(reader: BitReader, alphabet_size: int, count: int, what: str) -> Code:
    """The code whose table stands next in the queue.

    Args:
        reader: the queue.
        alphabet_size: number of symbols, 1 or more.
        count: number of symbols of the message that it codes.
        what: names the table in an error.
    """
    if alphabet_size == 1:
        return OneSymbolCode(0)
    if reader.read(1, what):
        return HuffmanCode(read_lengths(reader, alphabet_size, max_code_words(count), what))
    if not reader.read(1, what):
        return FixedWidthCode(alphabet_size)
    symbol = reader.read((alphabet_size - 1).bit_length(), what)
    if symbol >= alphabet_size:
        raise reader.error(f"{what} names symbol {symbol}, but symbols end at {alphabet_size - 1}")
    return OneSymbolCode(symbol)


def _table_fields(code: Code, alphabet_size: int) -> Iterator[Field]:
    if alphabet_size == 1:
        return
    if isinstance(code, HuffmanCode):
        yield 1, 1
        yield from length_fields(code.lengths)
    elif isinstance(code, FixedWidthCode):
        yield 0, 2
    else:
        yield 2, 2
        yield code.symbol, (alphabet_size - 1).bit_length()


def _rising_lengths(counts: Counts, alphabet_size: int) -> npt.NDArray[np.int64]:
    """Code lengths that never fall from symbol 1 on, for ``counts`` up to the last symbol.

    The counts from symbol 1 on are replaced by the nearest ones that never rise (pooling of
    adjacent violators, Ayer et al. 1955, in integers), so that absent symbols among them get
    words as well; symbol 0, which stands for a whole span or for a zero, keeps its own.
    """
    pools: list[tuple[int, int]] = []  # sum and size, their means falling
    for count in counts[1:].tolist():
        total, size = count, 1
        while pools and pools[-1][0] * size <= total * pools[-1][1]:
            total, size = total + pools[-1][0], size + pools[-1][1]
            pools.pop()
        pools.append((total, size))
    means = [(total << _SMOOTHING_SCALE_BITS) // size for total, size in pools]
    weights = np.concatenate(
        ([counts[0] << _SMOOTHING_SCALE_BITS], np.repeat(means, [size for _, size in pools]))
    )
    lengths = np.zeros(alphabet_size, np.int64)
    lengths[: len(counts)] = huffman_lengths(weights)
    lengths[1 : len(counts)].sort()
    return lengths
