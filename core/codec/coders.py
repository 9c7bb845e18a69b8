"""The coders: each turns one sort of tensor into bytes and back, under a number in the file.

The encoder gives a tensor to every coder that takes it and keeps the shortest bytes; the decoder
goes by the number. A new coder joins the list with a number of its own.
"""

import numpy as np

from core.codec.byte_reader import ByteReader, write_number
from core.codec.payload import (
    PayloadBits,
    RowsBefore,
    TensorCoder,
    fits_half,
    read_floats,
    read_step,
    unfold,
    write_floats,
)
from core.codec.sparse_stream import StreamBits, decode_stream, encode_stream
from core.codec.tensors import (
    MAX_CODEBOOK_ENTRIES,
    MAX_LEVEL_BITS,
    ClusteredTensor,
    CodedTensor,
    FloatTensor,
    UniformTensor,
)


class ClusteredHuffmanCoder:
    """Han's format: codebook, relative indexes and values (Ullrich et al. 2017, App. A).

    Payload: ``2 * (entries - 1) + half`` as a number, all entries but the zero, as float16 if
    ``half`` is 1 and else as float32, and the indices as a sparse stream.
    """

    kind = 1
    name = "clustered (CSR + Huffman)"

    def encode(self, tensor: CodedTensor) -> bytes | None:
        """The payload of a ``ClusteredTensor``."""
        if not isinstance(tensor, ClusteredTensor):
            return None
        entries = tensor.codebook[1:]
        half = fits_half(entries)
        return (
            write_number(2 * len(entries) + half)
            + write_floats(entries, half)
            + encode_stream(tensor.indices, len(tensor.codebook))
        )

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...], rows_before: RowsBefore = None
    ) -> tuple[ClusteredTensor, PayloadBits]:
        """The tensor and where its bits are."""
        start = payload.position
        num_entries, half = divmod(payload.number("the size of a codebook"), 2)
        if num_entries >= MAX_CODEBOOK_ENTRIES:
            raise payload.error(f"a codebook of {num_entries + 1} entries is larger than 65536")
        entries_start = payload.position
        entries = read_floats(payload, num_entries, half == 1, "a codebook")
        entries_end = payload.position
        indices, bits = decode_stream(payload, shape, num_entries + 1)
        codebook = np.concatenate((np.zeros(1, np.float32), entries))
        return ClusteredTensor(indices, codebook), _payload_bits(
            bits, codebook=8 * (entries_end - entries_start), numbers=8 * (entries_start - start)
        )


class UniformHuffmanCoder:
    """A grid of levels as a sparse stream.

    Payload: ``2 * (num_bits - 1) + half`` as a number, the step as float16 if ``half`` is 1 and
    else as float32, and the levels, folded to 0, -1, 1, -2, 2, ..., as a sparse stream. A stream
    of span 1 and fixed width is the plain packing of the levels.
    """

    kind = 2
    name = "uniform (Huffman)"

    def encode(self, tensor: CodedTensor) -> bytes | None:
        """The payload of a ``UniformTensor``."""
        if not isinstance(tensor, UniformTensor):
            return None
        step = np.array([tensor.step], np.float32)
        half = fits_half(step)
        folded = np.asarray((tensor.levels << 1) ^ (tensor.levels >> 31))
        return (
            write_number(2 * (tensor.num_bits - 1) + half)
            + write_floats(step, half)
            + encode_stream(folded, 2**tensor.num_bits)
        )

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...], rows_before: RowsBefore = None
    ) -> tuple[UniformTensor, PayloadBits]:
        """The tensor and where its bits are."""
        start = payload.position
        num_bits, half = divmod(payload.number("the width of levels"), 2)
        if num_bits >= MAX_LEVEL_BITS:
            raise payload.error(f"levels of {num_bits + 1} bits are wider than {MAX_LEVEL_BITS}")
        step_start = payload.position
        step = read_step(payload, half == 1, num_bits + 1)
        step_end = payload.position
        folded, bits = decode_stream(payload, shape, 2 ** (num_bits + 1))
        unfold(folded.reshape(-1))
        return UniformTensor(folded, float(step), num_bits + 1), _payload_bits(
            bits, codebook=8 * (step_end - step_start), numbers=8 * (step_start - start)
        )


class FloatCoder:
    """Float32 values as they are, little-endian, in row-major order."""

    kind = 3
    name = "float32"

    def encode(self, tensor: CodedTensor) -> bytes | None:
        """The payload of a ``FloatTensor``."""
        return tensor.values.astype("<f4").tobytes() if isinstance(tensor, FloatTensor) else None

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...], rows_before: RowsBefore = None
    ) -> tuple[FloatTensor, PayloadBits]:
        """The tensor and where its bits are."""
        num_bytes = payload.num_left
        num_elements = int(np.prod(shape, dtype=np.int64))
        if num_bytes != 4 * num_elements:
            raise payload.error(f"{num_bytes} bytes do not hold {num_elements} float32 values")
        values = np.frombuffer(payload.take(num_bytes, "a float tensor"), "<f4")
        tensor = FloatTensor(values.astype(np.float32).reshape(shape))
        return tensor, PayloadBits(values=8 * num_bytes)


CODERS: tuple[TensorCoder, ...] = (
    ClusteredHuffmanCoder(),
    UniformHuffmanCoder(),
    FloatCoder(),
)


def encode_tensor(tensor: CodedTensor) -> tuple[TensorCoder, bytes]:
    """The coder of a tensor, and its payload."""
    payloads = [(coder, coder.encode(tensor)) for coder in CODERS]
    return next((coder, payload) for coder, payload in payloads if payload is not None)


def _payload_bits(bits: StreamBits, codebook: int, numbers: int) -> PayloadBits:
    return PayloadBits(
        positions=bits.positions,
        values=bits.values,
        codebook=codebook,
        tables=bits.tables,
        parameters=numbers + bits.parameters + bits.filling,
    )
