"""Trees that are built again from lengths must be the same everywhere: held against the rule."""

import heapq
from fractions import Fraction

import constriction
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec.bit_queue import BitReader, BitWriter
from core.codec.huffman import MAX_CODE_LENGTH, HuffmanCode, huffman_lengths


def words_by_the_rule(weights: list[int] | list[Fraction]) -> list[str]:
    """The rule of ``huffman.py`` in plain exact arithmetic, as a second decoder would have it."""
    nodes = [(weight, leaf) for leaf, weight in enumerate(weights)]
    words = dict.fromkeys(range(len(weights)), "")
    members = {leaf: [leaf] for leaf in range(len(weights))}
    heapq.heapify(nodes)
    while len(nodes) > 1:
        (lesser, a), (greater, b) = heapq.heappop(nodes), heapq.heappop(nodes)
        for branch, node in (("0", a), ("1", b)):
            for leaf in members[node]:
                words[leaf] = branch + words[leaf]
        joined = len(members)
        members[joined] = members[a] + members[b]
        heapq.heappush(nodes, (lesser + greater, joined))
    return [words[leaf] for leaf in range(len(weights))]


def word(leaf: int, weights: np.ndarray) -> str:
    queue = constriction.symbol.QueueEncoder()
    queue.encode_symbol(leaf, constriction.symbol.huffman.EncoderHuffmanTree(weights))
    words, num_bits = queue.get_compressed_and_bitrate()
    return "".join(str(int(words[k // 32]) >> (k % 32) & 1) for k in range(num_bits))


@st.composite
def complete_lengths(draw: st.DrawFn) -> list[int]:
    """Lengths of a complete code of 2 to 60 words, in any order, up to 32 bits."""
    lengths = [0]
    for _ in range(draw(st.integers(1, 59))):
        place = draw(st.integers(0, len(lengths) - 1))
        if lengths[place] < MAX_CODE_LENGTH:
            lengths[place] += 1
            lengths.insert(place, lengths[place])
    return draw(st.permutations(lengths))


DEEPEST = [*range(1, MAX_CODE_LENGTH), MAX_CODE_LENGTH, MAX_CODE_LENGTH]


@given(complete_lengths())
def test_a_tree_from_lengths_has_these_lengths_and_the_words_of_the_rule(
    lengths: list[int],
) -> None:
    words = words_by_the_rule([Fraction(1, 2**length) for length in lengths])
    weights = 0.5 ** np.array(lengths)
    assert [len(w) for w in words] == lengths
    assert [word(leaf, weights) for leaf in range(len(lengths))] == words


@pytest.mark.parametrize("lengths", [DEEPEST, DEEPEST[::-1], [1, 1], [10] * 1024])
def test_the_deepest_and_the_widest_trees_keep_their_lengths(lengths: list[int]) -> None:
    weights = 0.5 ** np.array(lengths)
    assert [len(word(leaf, weights)) for leaf in range(len(lengths))] == lengths


@given(
    st.lists(st.integers(0, 10**6), min_size=2, max_size=60).filter(lambda c: sum(map(bool, c)) > 1)
)
def test_lengths_are_those_of_a_huffman_code(counts: list[int]) -> None:
    lengths = huffman_lengths(np.array(counts))
    present = [count for count in counts if count]
    best = sum(count * len(w) for count, w in zip(present, words_by_the_rule(present), strict=True))
    assert int(lengths @ np.array(counts)) == best
    assert ((lengths > 0) == (np.array(counts) > 0)).all()
    assert sum(Fraction(1, 2 ** int(length)) for length in lengths if length) == 1


def test_a_word_is_never_longer_than_32_bits() -> None:
    fibonacci = [1, 1]
    while len(fibonacci) < 60:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    lengths = huffman_lengths(np.array(fibonacci))
    assert lengths.max() <= MAX_CODE_LENGTH
    assert sum(Fraction(1, 2 ** int(length)) for length in lengths) == 1


@given(complete_lengths(), st.data())
def test_symbols_come_back(lengths: list[int], data: st.DataObject) -> None:
    spread = np.zeros(2 * len(lengths), np.int64)  # every second symbol has no word
    spread[1::2] = lengths
    message = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=50))
    symbols = 2 * np.array(message, np.int64) + 1
    code, writer = HuffmanCode(spread), BitWriter()
    code.write(writer, symbols)
    num_bits = code.num_bits(np.bincount(symbols, minlength=len(spread)))
    written = writer.to_bytes()
    assert len(written) == (num_bits + 7) // 8
    reader = BitReader(written, 0)
    assert HuffmanCode(spread).read(reader, len(symbols), "symbols").tolist() == symbols.tolist()
    assert reader.position == num_bits
