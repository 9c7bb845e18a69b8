"""The coders: each turns one sort of tensor into bytes and back, under a number in the file.

The encoder gives a tensor to every coder that takes it and keeps the shortest bytes; the decoder
goes by the number. A new coder joins the list with a number of its own.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from core.codec.byte_reader import ByteReader, write_number
from core.codec.sparse_stream import StreamBits, decode_stream, encode_stream
from core.codec.tensors import (
    MAX_CODEBOOK_ENTRIES,
    MAX_LEVEL_BITS,
    ClusteredTensor,
    CodedTensor,
    FloatTensor,
    UniformTensor,
)


@dataclass(frozen=True, kw_only=True)
class PayloadBits:
    """Bits of one tensor's payload by their purpose; their sum is eight times its bytes.

    Attributes:
        positions: where the non-zeros are.
        values: which codebook entry or level each of them has; float values as they are.
        codebook: codebook entries, or the step of a grid.
        tables: code tables.
        parameters: sizes and choices of the coder, and the zeros that fill a last byte.
    """

    positions: int = 0
    values: int = 0
    codebook: int = 0
    tables: int = 0
    parameters: int = 0

    @property
    def total(self) -> int:
        """All bits of the payload."""
        return self.positions + self.values + self.codebook + self.tables + self.parameters


@runtime_checkable
class TensorCoder(Protocol):
    """A way to write tensors.

    Attributes:
        kind: the coder's number in the file, 1 to 15; never given to another coder.
        name: its name for people.
    """

    kind: int
    name: str

    def encode(self, tensor: CodedTensor) -> bytes | None:
        """The payload, or ``None`` if this coder does not take such a tensor."""

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...]
    ) -> tuple[CodedTensor, PayloadBits]:
        """The tensor, whose payload is all that is left to read, and where its bits are.

        Raises:
            CodecError: the payload does not hold a tensor of this shape.
        """


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
        half = _fits_half(entries)
        return (
            write_number(2 * len(entries) + half)
            + _write_floats(entries, half)
            + encode_stream(tensor.indices, len(tensor.codebook))
        )

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...]
    ) -> tuple[ClusteredTensor, PayloadBits]:
        """The tensor and where its bits are."""
        start = payload.position
        num_entries, half = divmod(payload.number("the size of a codebook"), 2)
        if num_entries >= MAX_CODEBOOK_ENTRIES:
            raise payload.error(f"a codebook of {num_entries + 1} entries is larger than 65536")
        entries_start = payload.position
        entries = _read_floats(payload, num_entries, half == 1, "a codebook")
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
        half = _fits_half(step)
        folded = np.asarray((tensor.levels << 1) ^ (tensor.levels >> 31))
        return (
            write_number(2 * (tensor.num_bits - 1) + half)
            + _write_floats(step, half)
            + encode_stream(folded, 2**tensor.num_bits)
        )

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...]
    ) -> tuple[UniformTensor, PayloadBits]:
        """The tensor and where its bits are."""
        start = payload.position
        num_bits, half = divmod(payload.number("the width of levels"), 2)
        if num_bits >= MAX_LEVEL_BITS:
            raise payload.error(f"levels of {num_bits + 1} bits are wider than {MAX_LEVEL_BITS}")
        step_start = payload.position
        step = _read_floats(payload, 1, half == 1, "a step")[0]
        with np.errstate(over="ignore"):
            least = -step * np.float32(2**num_bits)
        if np.signbit(step) or not np.isfinite(least):
            raise payload.error(f"a step of {step} is negative or too large")
        step_end = payload.position
        folded, bits = decode_stream(payload, shape, 2 ** (num_bits + 1))
        _unfold(folded.reshape(-1))
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
        self, payload: ByteReader, shape: tuple[int, ...]
    ) -> tuple[FloatTensor, PayloadBits]:
        """The tensor and where its bits are."""
        num_bytes = payload.num_left
        num_elements = int(np.prod(shape, dtype=np.int64))
        if num_bytes != 4 * num_elements:
            raise payload.error(f"{num_bytes} bytes do not hold {num_elements} float32 values")
        values = np.frombuffer(payload.take(num_bytes, "a float tensor"), "<f4")
        tensor = FloatTensor(values.astype(np.float32).reshape(shape))
        return tensor, PayloadBits(values=8 * num_bytes)


CODERS: tuple[TensorCoder, ...] = (ClusteredHuffmanCoder(), UniformHuffmanCoder(), FloatCoder())


def encode_tensor(tensor: CodedTensor) -> tuple[TensorCoder, bytes]:
    """The coder with the shortest payload for a tensor, and that payload."""
    payloads = [(coder, coder.encode(tensor)) for coder in CODERS]
    fitting = [(coder, payload) for coder, payload in payloads if payload is not None]
    return min(fitting, key=lambda pair: len(pair[1]))


def _unfold(folded: npt.NDArray[np.int32]) -> None:
    """Turn 0, 1, 2, 3, ... into 0, -1, 1, -2, ..., ``[elements]``, in place to save memory."""
    sign = folded & 1
    np.negative(sign, out=sign)
    folded >>= 1
    folded ^= sign


def _payload_bits(bits: StreamBits, codebook: int, numbers: int) -> PayloadBits:
    return PayloadBits(
        positions=bits.positions,
        values=bits.values,
        codebook=codebook,
        tables=bits.tables,
        parameters=numbers + bits.parameters + bits.filling,
    )


def _fits_half(values: npt.NDArray[np.float32]) -> bool:
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float16).astype(np.float32)
    # By their bits: with denormal numbers flushed, as in training, one would equal 0.0.
    return np.array_equal(rounded.view(np.uint32), values.view(np.uint32))


def _write_floats(values: npt.NDArray[np.float32], half: bool) -> bytes:
    return values.astype("<f2" if half else "<f4").tobytes()


def _read_floats(data: ByteReader, count: int, half: bool, what: str) -> npt.NDArray[np.float32]:
    start = data.position
    raw = data.take(count * (2 if half else 4), what)
    values = np.frombuffer(raw, "<f2" if half else "<f4").astype(np.float32)
    if not np.isfinite(values).all():
        data.position = start
        raise data.error(f"{what} holds a value that is not finite")
    return values
