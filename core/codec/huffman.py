"""Huffman codes, given by the length of each code word.

The trees are ``constriction``'s (Bamler 2022). A file stores lengths only: the tree is built again
from the probabilities 2**-length, which floating point holds exactly. In such a tree the two
lightest nodes always weigh the same, so every sum is a power of two as well, no rounding can
happen on any machine, and each symbol gets exactly its stored length back. The code words follow
from one rule: join the two nodes of least (weight, number) again and again, the lesser becoming
branch 0, leaves numbered by symbol and joins after them in order; a word is read from the root.
"""

from functools import cached_property
from typing import Any

import constriction
import numpy as np
import numpy.typing as npt

from core.codec.bit_queue import BitReader, BitWriter, DecoderTree, EncoderTree

MAX_CODE_LENGTH = 32


class HuffmanCode:
    """A complete prefix code over some symbols of an alphabet.

    Attributes:
        lengths: bits of each symbol's code word, ``[alphabet]``, 0 for a symbol without one; at
            least two symbols have one, none longer than 32 bits, and the sum of
            ``2.0**-length`` over them is exactly 1.
    """

    def __init__(self, lengths: npt.NDArray[np.int64]) -> None:
        self.lengths = lengths
        self._symbols = np.flatnonzero(lengths)
        self._leaf_lengths = lengths[self._symbols]

    def num_bits(self, counts: npt.NDArray[np.int64]) -> int:
        """Bits of a message with ``counts[s]`` symbols ``s``."""
        return int(self.lengths @ counts)

    def write(self, writer: BitWriter, symbols: npt.NDArray[np.int64]) -> None:
        """Append the code words of ``symbols``, ``[symbols]``."""
        writer.write_symbols(np.searchsorted(self._symbols, symbols), self._encoder_tree)

    def read(self, reader: BitReader, count: int, what: str) -> npt.NDArray[np.int64]:
        """``count`` symbols, ``[count]``; ``what`` names them in an error."""
        leaves = reader.read_symbols(count, self._decoder_tree, self._leaf_lengths, what)
        return self._symbols[leaves]

    @cached_property
    def _encoder_tree(self) -> EncoderTree:
        return constriction.symbol.huffman.EncoderHuffmanTree(0.5**self._leaf_lengths)

    @cached_property
    def _decoder_tree(self) -> DecoderTree:
        return constriction.symbol.huffman.DecoderHuffmanTree(0.5**self._leaf_lengths)


def huffman_lengths(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Lengths of a Huffman code for symbols that occur ``counts`` times.

    Args:
        counts: occurrences, ``[alphabet]``, at least two of them positive, their sum below 2**53
            (so that weights stay exact in float64).

    Returns:
        Bits of each symbol's code word, ``[alphabet]``, 0 where the count is 0. No word is longer
        than 32 bits: rare symbols are counted as more frequent until that holds.
    """
    symbols = np.flatnonzero(counts)
    weights = counts[symbols].astype(np.float64)
    lengths = np.zeros(len(counts), np.int64)
    lengths[symbols] = _leaf_depths(weights)
    least = 1.0
    while lengths.max() > MAX_CODE_LENGTH:
        least *= 2
        lengths[symbols] = _leaf_depths(np.maximum(weights, least))
    return lengths


def _leaf_depths(weights: npt.NDArray[np.float64]) -> list[int]:
    tree = constriction.symbol.huffman.EncoderHuffmanTree(weights)
    return [_depth(leaf, tree) for leaf in range(len(weights))]


def _depth(leaf: int, tree: Any) -> int:
    # A tree does not tell its depths, so a queue of one word has to.
    queue = constriction.symbol.QueueEncoder()
    queue.encode_symbol(leaf, tree)
    return int(queue.get_compressed_and_bitrate()[1])
