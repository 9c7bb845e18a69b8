from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec.bit_queue import BitReader, BitWriter
from core.codec.code_tables import (
    FixedWidthCode,
    OneSymbolCode,
    best_code,
    max_code_words,
    read_table,
    table_bits,
    write_table,
)
from core.codec.huffman import HuffmanCode, huffman_lengths
from core.codec.run_lengths import number_fields, read_number
from core.errors import CodecError

counts_of_some = st.lists(
    st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 5000)), min_size=1, max_size=300
).filter(any)


@given(counts_of_some)
def test_a_table_gives_the_code_back_and_takes_the_bits_it_counts(counts: list[int]) -> None:
    code = best_code(np.array(counts))
    writer = BitWriter()
    write_table(writer, code, len(counts))
    written = writer.to_bytes()
    reader = BitReader(written, 0)
    decoded = read_table(reader, len(counts), sum(counts), "a table")
    assert reader.position == table_bits(code, len(counts))
    assert type(decoded) is type(code)
    if isinstance(code, HuffmanCode):
        assert decoded.lengths.tolist() == code.lengths.tolist()
    if isinstance(code, OneSymbolCode):
        assert decoded.symbol == code.symbol


@given(counts_of_some)
def test_the_best_code_is_no_larger_than_huffman_or_fixed_width(counts: list[int]) -> None:
    def num_bits(code: HuffmanCode | FixedWidthCode | OneSymbolCode) -> int:
        return table_bits(code, len(counts)) + code.num_bits(np.array(counts))

    best = num_bits(best_code(np.array(counts)))
    if sum(map(bool, counts)) > 1:
        assert best <= num_bits(HuffmanCode(huffman_lengths(np.array(counts))))
        assert best <= num_bits(FixedWidthCode(len(counts)))


@pytest.mark.parametrize(("alphabet_size", "num_table_bits"), [(1, 0), (2, 3), (256, 10)])
def test_one_symbol_costs_its_table_only(alphabet_size: int, num_table_bits: int) -> None:
    counts = np.zeros(alphabet_size, np.int64)
    counts[-1] = 10**6
    code = best_code(counts)
    assert code.num_bits(counts) == 0
    assert table_bits(code, alphabet_size) == num_table_bits


def test_a_table_of_even_counts_is_two_bits() -> None:
    assert table_bits(best_code(np.full(32, 10)), 32) == 2


def test_a_small_message_with_falling_counts_gets_rising_lengths_and_a_small_table() -> None:
    # A geometric law sampled 300 times: half of the 200 symbols occur, each at most a few times.
    place = np.arange(200)
    counts = (
        np.round(300 * 0.02 * 0.98**place).astype(np.int64) + (place % 3 == 0) - (place % 5 == 0)
    )
    counts = np.maximum(counts, 0)
    code = best_code(counts)
    huffman = HuffmanCode(huffman_lengths(counts))
    assert isinstance(code, HuffmanCode)
    last = int(np.flatnonzero(counts)[-1])
    assert all(a <= b for a, b in pairwise(code.lengths[1 : last + 1].tolist()))
    assert table_bits(code, 200) < table_bits(huffman, 200) / 2


@given(st.integers(1, 10**5), st.integers(0, 12), st.data())
def test_numbers_come_back(maximum: int, order: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(1, maximum))
    writer = BitWriter()
    for number, width in number_fields(value, maximum, order):
        assert 0 <= number < 1 << width
        writer.write(number, width)
    reader = BitReader(writer.to_bytes(), 0)
    assert read_number(reader, maximum, order, "a number") == value


def table_of(*fields: tuple[int, int]) -> BitReader:
    writer = BitWriter()
    for value, width in fields:
        writer.write(value, width)
    return BitReader(writer.to_bytes() + bytes(9), 0)


HUFFMAN, ALL_PRESENT, SOME_ABSENT = (1, 1), (0, 1), (1, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        # Three words of 2 bits and no fourth symbol.
        ([HUFFMAN, ALL_PRESENT, (1, 5), (3, 2)], "not complete at its last symbol"),
        # One word of 1 bit, then two of 0 bits.
        ([HUFFMAN, ALL_PRESENT, (0, 5), (0, 1), (1, 2)], "a code word of 0 bits"),
        # One word of 2 bits, one of 1 bit, one of 2 bits, and none left for an absent symbol.
        ([(0, 1), (1, 1), (3, 2)], "names symbol 3, but symbols end at 2"),
        # Two absent symbols leave one, which must follow.
        ([HUFFMAN, SOME_ABSENT, (1, 1), (1, 1), (0, 1), (1, 5)], "not complete"),
    ],
)
def test_a_table_that_is_no_complete_code_is_refused(
    fields: list[tuple[int, int]], message: str
) -> None:
    with pytest.raises(CodecError, match=message):
        read_table(table_of(*fields), 3, 100, "a table")


def test_a_table_of_many_words_for_a_short_message_is_refused() -> None:
    limit = max_code_words(3)
    writer = BitWriter()
    write_table(writer, HuffmanCode(np.full(1024, 10)), 1024)
    assert limit < 1024
    with pytest.raises(CodecError, match=f"more than {limit} code words"):
        read_table(BitReader(writer.to_bytes(), 0), 1024, 3, "a table")
