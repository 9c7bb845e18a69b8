import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.codec.byte_reader import ByteReader, write_number
from core.codec.sparse_stream import decode_stream, encode_stream
from core.codec.stream_plan import HEADER_BITS, plan_stream
from core.errors import CodecError

# The matrix of the paper's Appendix A with the values 1, 2 and 5 as symbols 1, 2 and 3.
APPENDIX_A = np.array(
    [[0, 0, 0, 1], [0, 2, 0, 0], [0, 0, 0, 0], [2, 3, 0, 0], [0, 0, 0, 1]], np.int32
)


def read(data: bytes) -> ByteReader:
    return ByteReader(data, 0, len(data))


def bits(num_pairs: int, queue: str) -> bytes:
    """A stream from its number of pairs and its bits, written in the order of the queue."""
    digits = queue.replace(" ", "")
    octets = [int(digits[k : k + 8][::-1], 2) for k in range(0, len(digits), 8)]
    return bytes([num_pairs, *octets])


def test_the_paper_s_matrix_worked_by_hand() -> None:
    # Column by column the non-zeros stand at 3, 6, 8, 15 and 19, so the distances are 4, 3, 2, 7
    # and 4. At span 4 the 7 needs a padding zero: gap symbols 0 3 2 0 3 0 (mod 4), values
    # 2 2 3 0 1 1. Two bits each and no code is shorter with its table. (Row by row, distances
    # 4 2 7 1 6 at span 8, it is 34 bits: 5 gaps of 3 bits and 5 values of 2.)
    plan = plan_stream(APPENDIX_A, 4)
    assert plan is not None
    assert (plan.column_major, plan.span_bits, plan.num_pairs) == (True, 2, 6)
    assert (plan.position_bits, plan.value_bits, plan.table_bits) == (12, 12, 4)
    assert plan.num_bits == 33
    # Columns, span 2, two tables of fixed width, 0 3 2 0 3 0, 2 2 3 0 1 1; low bits first.
    queue = "1 0100 00 00 001101001100 010111001010"
    assert encode_stream(APPENDIX_A, 4) == bits(6, queue)


def test_a_row_is_worked_by_hand_as_well() -> None:
    # The matrix flattened to one row: distances 4 2 7 1 6, no padding at span 8.
    plan = plan_stream(APPENDIX_A.reshape(-1), 4)
    assert plan is not None
    assert (plan.column_major, plan.span_bits, plan.num_pairs) == (False, 3, 5)
    assert (plan.position_bits, plan.value_bits, plan.table_bits) == (15, 10, 4)


@given(
    hnp.arrays(
        np.int32,
        hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=9),
        elements=st.one_of(st.just(0), st.integers(0, 6)),
    )
)
def test_counted_bits_are_written_bits(symbols: np.ndarray) -> None:
    data = encode_stream(symbols, 7)
    decoded, found = decode_stream(read(data), symbols.shape, 7)
    plan = plan_stream(symbols, 7)
    total = found.positions + found.values + found.tables + found.parameters + found.filling
    assert total == 8 * len(data)
    assert decoded.tolist() == symbols.tolist()
    assert decoded.shape == symbols.shape
    if plan is None:
        assert len(data) == 1
    else:
        assert (plan.position_bits, plan.value_bits, plan.table_bits) == (
            found.positions,
            found.values,
            found.tables,
        )
        assert (HEADER_BITS + plan.table_bits + plan.position_bits + plan.value_bits + 7) // 8 == (
            len(data) - len(write_number(plan.num_pairs))
        )


def test_dead_columns_are_walked_column_by_column() -> None:
    symbols = np.zeros((50, 60), np.int32)
    symbols[:, 7] = 1 + np.arange(50) % 3
    by_columns, by_rows = plan_stream(symbols, 4), plan_stream(symbols.reshape(-1), 4)
    assert by_columns is not None and by_rows is not None
    assert by_columns.column_major
    assert by_columns.num_bits < by_rows.num_bits


def test_a_dense_tensor_costs_no_bits_for_positions() -> None:
    plan = plan_stream(np.full((20, 20), 2, np.int32), 3)
    assert plan is not None
    assert plan.span_bits == 0
    assert plan.num_bits == HEADER_BITS + 2 + 2  # the table says: symbol 2, again and again


def test_a_hundred_thousand_nonzeros_come_back() -> None:
    place = np.arange(500 * 800)
    symbols = np.where(place * 2654435761 % 2**32 < 2**30, 1 + place % 7, 0)
    symbols = symbols.reshape(500, 800).astype(np.int32)
    decoded, _ = decode_stream(read(encode_stream(symbols, 8)), symbols.shape, 8)
    assert np.count_nonzero(symbols) > 90_000
    assert np.array_equal(decoded, symbols)


@pytest.mark.parametrize(
    ("data", "shape", "message"),
    [
        (b"", (5,), "number of index pairs needs 1 bytes"),
        (b"\x80\x00", (5,), "shortest form"),
        (b"\x06", (5,), "6 index pairs are more than the tensor's 5 elements"),
        (b"\x00\x00", (5,), "1 bytes are left over behind an empty stream"),
        (b"\x01", (5,), "needs 1 bits or more, but only 0 are left"),
        (b"\x01\x01", (5,), "fewer than two axes"),
        # Columns 0, span 0000, values "fixed width" 00, then the value in 2 bits.
        (bits(1, "0 0000 00 00"), (5,), "padding zero"),
        (bits(1, "0 0000 00 10 0000001"), (5,), "left over"),
        (bits(1, "0 0000 00 10") + bytes(1), (5,), "left over"),
        (
            bits(1, "0 0000 00"),
            (5,),
            "the stream of values needs 2 bits or more, but only 1 are left",
        ),
        # Span 32, gaps "one symbol" 01, the symbol 31, values as above.
        (bits(1, "0 1010 01 11111 00 10"), (5,), "a gap leads to element 30 of a tensor of 5"),
        # Span 2, gaps 2 and 1 in fixed width, values 0 and 1: the zero pads half a span.
        (bits(2, "0 1000 00 00 10 00 10"), (5,), "padding zero"),
    ],
)
def test_broken_streams_are_refused(data: bytes, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(CodecError, match=message) as caught:
        decode_stream(read(data), shape, 4)
    assert 0 <= caught.value.offset <= len(data)
