"""The table of a Huffman code: runs of equal code lengths, up to where the code is complete.

Layout: whether some symbol in front of the last one is absent (1 bit), then runs of symbols of
equal length. A run begins with 1 bit, whether its symbols are absent, unless none are or the run
before was; then the length, the first in 5 bits and less 1, later ones as the change, +1, -1,
+2, -2, ... in unary (with 0 in front where an absent run lies between); then the number of its
symbols, as ``run_lengths`` writes it. Its maximum is what the alphabet and the code have room for,
one symbol less for an absent run, and its order is the bit length of the number before, less 1, or
0 for the first. Symbols behind the complete code are absent.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from core.codec.bit_queue import BitReader
from core.codec.huffman import MAX_CODE_LENGTH
from core.codec.run_lengths import Field, number_fields, read_number, unary_field

_FIRST_LENGTH_BITS = 5


def length_fields(lengths: npt.NDArray[np.int64]) -> Iterator[Field]:
    """The bits of the table of a complete code with these lengths, ``[alphabet]``."""
    starts = np.flatnonzero(np.diff(lengths, prepend=-1))
    runs = list(
        zip(lengths[starts].tolist(), np.diff(starts, append=len(lengths)).tolist(), strict=True)
    )
    if runs[-1][0] == 0:  # behind the complete code
        runs.pop()
    some_absent = any(length == 0 for length, _ in runs)
    yield int(some_absent), 1
    state = _RunState(len(lengths))
    for length, num_symbols in runs:
        if some_absent and not state.after_absent:
            yield int(length == 0), 1
        if length and not state.length:
            yield length - 1, _FIRST_LENGTH_BITS
        elif length:
            change = length - state.length
            fold = 2 * abs(change) - (change > 0)
            yield unary_field(fold - (not state.after_absent))
        yield from number_fields(num_symbols, state.longest_run(length), state.order)
        state.append(length, num_symbols)


def read_lengths(
    reader: BitReader, alphabet_size: int, max_words: int, what: str
) -> npt.NDArray[np.int64]:
    """The lengths, ``[alphabet]``, of the complete code whose table stands next in the queue.

    Args:
        reader: the queue.
        alphabet_size: number of symbols, 2 or more.
        max_words: most code words that the table may give.
        what: names the table in an error.
    """
    some_absent = reader.read(1, what) == 1
    state = _RunState(alphabet_size)
    num_words = 0
    lengths = np.zeros(alphabet_size, np.int64)
    while state.space:
        if not state.symbols_left:
            raise reader.error(f"{what} is not complete at its last symbol")
        if some_absent and not state.after_absent and reader.read(1, what):
            length = 0
        elif not state.length:
            length = reader.read(_FIRST_LENGTH_BITS, what) + 1
        else:
            length = state.length + _read_change(reader, not state.after_absent, what)
            if not 1 <= length <= MAX_CODE_LENGTH:
                raise reader.error(f"{what} holds a code word of {length} bits")
        longest = state.longest_run(length)
        if longest < 1:
            raise reader.error(f"{what} holds more code words than a prefix code can have")
        num_symbols = read_number(reader, longest, state.order, what)
        num_words += num_symbols if length else 0
        if num_words > max_words:
            raise reader.error(f"{what} holds more than {max_words} code words")
        start = alphabet_size - state.symbols_left
        lengths[start : start + num_symbols] = length
        state.append(length, num_symbols)
    return lengths


def _read_change(reader: BitReader, not_zero: bool, what: str) -> int:
    fold = int(not_zero)
    while fold <= 2 * MAX_CODE_LENGTH and reader.read(1, what):
        fold += 1
    return (fold + 1) // 2 if fold % 2 else -fold // 2


class _RunState:
    """What writer and reader of a table both know in front of its next run."""

    def __init__(self, alphabet_size: int) -> None:
        self.symbols_left = alphabet_size
        self.space = 1 << MAX_CODE_LENGTH  # of the code, in words of the greatest length
        self.length = 0  # of the latest word, 0 in front of the first
        self.after_absent = False
        self.order = 0

    def longest_run(self, length: int) -> int:
        if length == 0:
            return self.symbols_left - 1  # a word must follow
        return min(self.symbols_left, self.space >> (MAX_CODE_LENGTH - length))

    def append(self, length: int, num_symbols: int) -> None:
        self.symbols_left -= num_symbols
        self.after_absent = length == 0
        if length:
            self.length = length
            self.space -= num_symbols << (MAX_CODE_LENGTH - length)
        # Runs grow: the size of one is a good guess at the least size of the next.
        self.order = num_symbols.bit_length() - 1
