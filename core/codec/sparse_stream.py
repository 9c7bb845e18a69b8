"""A tensor of symbols, mostly zeros, as a stream: Han's relative indexes, Huffman on both parts.

This is the compressed sparse row format of Han et al. 2015 (Ullrich et al. 2017, App. A), with
one run of relative indexes through the whole tensor in place of one for each row: the array IR of
row starts (App. A.1) is not needed then. The tensor is walked row by row or column by column
(compressed sparse column), as a matrix of ``shape[0]`` rows, whichever is smaller; the span is
the smallest result over all 16. At span 1 every place up to the last non-zero is listed, and the
stream is a plain Huffman code of dense values.

Layout: the number of pairs (bytes, as ``write_number``), and unless it is 0 a queue of bits:
column by column (1), span bits (4), table of gaps, table of values, all gaps, all values.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from core.codec import relative_index
from core.codec.bit_queue import BitReader, BitWriter
from core.codec.byte_reader import ByteReader, write_number
from core.codec.code_tables import Code, OneSymbolCode, read_table, write_table
from core.codec.stream_plan import (
    HEADER_BITS,
    SPAN_BITS_WIDTH,
    Integers,
    Symbols,
    plan_stream,
    walk,
)


@dataclass(frozen=True, kw_only=True)
class StreamBits:
    """Bits of a stream by their purpose.

    Attributes:
        positions: code words of the gaps.
        values: code words of the values, those of the padding zeros included.
        tables: both code tables.
        parameters: number of pairs, order and span.
        filling: zeros that fill the last byte.
    """

    positions: int
    values: int
    tables: int
    parameters: int
    filling: int


def encode_stream(symbols: Symbols, alphabet_size: int) -> bytes:
    """The bytes of the smallest stream for ``symbols``; arguments as in ``plan_stream``."""
    plan = plan_stream(symbols, alphabet_size)
    if plan is None:
        return write_number(0)
    elements = walk(symbols, plan.column_major)
    positions = np.flatnonzero(elements)
    gaps, values = relative_index.pad(
        relative_index.distances(positions), elements[positions].astype(np.int64), plan.span_bits
    )
    writer = BitWriter()
    writer.write(int(plan.column_major), 1)
    writer.write(plan.span_bits, SPAN_BITS_WIDTH)
    write_table(writer, plan.gap_code, 1 << plan.span_bits)
    write_table(writer, plan.value_code, alphabet_size)
    plan.gap_code.write(writer, gaps)
    plan.value_code.write(writer, values)
    return write_number(plan.num_pairs) + writer.to_bytes()


def decode_stream(
    data: ByteReader, shape: tuple[int, ...], alphabet_size: int
) -> tuple[Symbols, StreamBits]:
    """The symbols, int32 of shape ``shape``, whose stream is all that is left of ``data``.

    Raises:
        CodecError: the bytes are no such stream.
    """
    num_elements = prod(shape)
    start = data.position
    num_pairs = data.number("the number of index pairs")
    if num_pairs > num_elements:
        raise data.error(
            f"{num_pairs} index pairs are more than the tensor's {num_elements} elements"
        )
    count_bits = 8 * (data.position - start)
    if num_pairs == 0:
        if data.num_left:
            raise data.error(f"{data.num_left} bytes are left over behind an empty stream")
        bits = StreamBits(positions=0, values=0, tables=0, parameters=count_bits, filling=0)
        return np.zeros(shape, np.int32), bits
    offset = data.position
    queue = BitReader(data.take(data.num_left, "a stream"), offset)
    column_major = queue.read(1, "the order of a stream") == 1
    if column_major and len(shape) < 2:
        raise queue.error("a tensor of fewer than two axes has no columns")
    span_bits = queue.read(SPAN_BITS_WIDTH, "the span of a stream")
    gap_code = read_table(queue, 1 << span_bits, num_pairs, "the code table of gaps")
    value_code = read_table(queue, alphabet_size, num_pairs, "the code table of values")
    tables_end = queue.position
    gaps = gap_code.read(queue, num_pairs, "the stream of gaps")
    gaps_end = queue.position
    places = _places(queue, gap_code, gaps, span_bits, num_elements)
    values = value_code.read(queue, num_pairs, "the stream of values")
    values_end = queue.position
    padding = values == 0
    if padding[-1] or (padding & (gaps != 0)).any():
        raise queue.error("a padding zero does not stand where a gap exceeds the span")
    bits = StreamBits(
        positions=gaps_end - tables_end,
        values=values_end - gaps_end,
        tables=tables_end - HEADER_BITS,
        parameters=count_bits + HEADER_BITS,
        filling=queue.finish(),
    )
    elements = np.zeros(num_elements, np.int32)
    elements[places] = values
    if column_major:
        elements = np.ascontiguousarray(elements.reshape(-1, shape[0]).T)
    return elements.reshape(shape), bits


def _places(
    queue: BitReader, gap_code: Code, gaps: Integers, span_bits: int, num_elements: int
) -> slice | Integers:
    if isinstance(gap_code, OneSymbolCode):  # without an array: it may stand for a whole tensor
        gap = gap_code.symbol or 1 << span_bits
        places: slice | Integers = slice(gap - 1, gap * len(gaps), gap)
        last = gap * len(gaps) - 1
    else:
        places = relative_index.positions_of(gaps, span_bits)
        last = int(places[-1])
    if last >= num_elements:
        raise queue.error(f"a gap leads to element {last} of a tensor of {num_elements}")
    return places
