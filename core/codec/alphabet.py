"""How the symbols of a tensor divide into signs and ranks, as the context coders code them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Symbols = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]


class Tables(NamedTuple):
    """An alphabet as the compiled loops take it.

    Attributes:
        signs: 1 or 2 for each symbol, 0 for the zero, ``[symbols]``.
        ranks: rank of each symbol among those of its sign, ``[symbols]``.
        symbols: the symbol of each sign and rank, ``[3, 2**rank_bits]``.
        num_ranks: number of ranks of each sign, ``[3]``.
    """

    signs: Integers
    ranks: Integers
    symbols: Symbols
    num_ranks: Integers


@dataclass(frozen=True, eq=False)
class Alphabet:
    """Symbols by sign and rank; symbol 0 is the zero.

    Attributes:
        signs: 1 or 2 for each symbol, 0 for the zero, ``[symbols]``.
        ranks: rank of each symbol among those of its sign, ``[symbols]``.
    """

    signs: Integers
    ranks: Integers

    @property
    def is_zero(self) -> bool:
        """Whether the zero is the only symbol."""
        return len(self.signs) == 1

    @property
    def rank_bits(self) -> int:
        """Bits of the greatest rank."""
        return int(self.ranks.max()).bit_length()

    def num_ranks(self) -> Integers:
        """Number of symbols of each sign, ``[3]``."""
        return np.bincount(self.signs, minlength=3).astype(np.int64)

    def symbols(self) -> Symbols:
        """The symbol of each sign and rank, ``[3, 2**rank_bits]``, 0 where there is none."""
        table = np.zeros((3, 1 << self.rank_bits), np.int32)
        table[self.signs[1:], self.ranks[1:]] = np.arange(1, len(self.signs))
        return table

    def tables(self) -> Tables:
        """All that the compiled loops need to know."""
        return Tables(self.signs, self.ranks, self.symbols(), self.num_ranks())

    @classmethod
    def of_codebook(cls, codebook: npt.NDArray[np.float32]) -> "Alphabet":
        """Negative entries have sign 1 and are ranked from the last one, others 2 from the first.

        In an ascending codebook with the zero in front, small ranks are small magnitudes.
        """
        negative = np.signbit(codebook[1:])
        ranks = np.zeros(len(codebook), np.int64)
        ranks[1:][~negative] = np.arange(np.count_nonzero(~negative))
        ranks[1:][negative] = np.arange(np.count_nonzero(negative))[::-1]
        return cls(np.concatenate(([0], np.where(negative, 1, 2))).astype(np.int64), ranks)

    @classmethod
    def of_levels(cls, num_bits: int) -> "Alphabet":
        """Levels folded to 0, -1, 1, -2, 2, ..."""
        symbols = np.arange(1 << num_bits)
        signs = np.where(symbols & 1, 1, 2)
        signs[0] = 0
        return cls(signs.astype(np.int64), np.maximum(symbols - 1, 0) >> 1)
