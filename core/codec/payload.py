"""What every coder shares: its interface, the account of its bits, floats in a payload."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from core.codec.byte_reader import ByteReader
from core.codec.tensors import ClusteredTensor, CodedTensor

RowsBefore: TypeAlias = npt.NDArray[np.int64] | None
"""Non-zeros in each row, ``[rows]``, of the last clustered matrix before a tensor, if any.

A unit that keeps few inputs feeds few others, so the rows of one layer tell of the next one's
columns.
"""


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
class TensorReader(Protocol):
    """A way in which tensors stand in a file.

    Attributes:
        kind: its number in the file, 1 to 15; never given to another one.
        name: its name for people.
    """

    kind: int
    name: str

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...], rows_before: RowsBefore = None
    ) -> tuple[CodedTensor, PayloadBits]:
        """The tensor, whose payload is all that is left to read, and where its bits are.

        Raises:
            CodecError: the payload does not hold a tensor of this shape.
        """


@runtime_checkable
class TensorCoder(TensorReader, Protocol):
    """A way to write tensors, too."""

    def encode(self, tensor: CodedTensor) -> bytes | None:
        """The payload, or ``None`` if this coder does not take such a tensor."""


def rows_of(tensor: CodedTensor, rows_before: RowsBefore) -> RowsBefore:
    """What the tensor behind ``tensor`` gets as ``rows_before``."""
    if not isinstance(tensor, ClusteredTensor) or len(tensor.shape) < 2:
        return rows_before
    if tensor.indices.size == 0:
        return None
    matrix = tensor.indices.reshape(tensor.shape[0], -1)
    return np.asarray(np.count_nonzero(matrix, axis=1), np.int64)


def fits_half(values: npt.NDArray[np.float32]) -> bool:
    """Whether float16 holds all values bit for bit."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float16).astype(np.float32)
    # By their bits: with denormal numbers flushed, as in training, one would equal 0.0.
    return np.array_equal(rounded.view(np.uint32), values.view(np.uint32))


def write_floats(values: npt.NDArray[np.float32], half: bool) -> bytes:
    """The values as float16 or float32, little-endian."""
    return values.astype("<f2" if half else "<f4").tobytes()


def read_floats(data: ByteReader, count: int, half: bool, what: str) -> npt.NDArray[np.float32]:
    """``count`` finite values, ``[count]``, that ``write_floats`` wrote."""
    start = data.position
    raw = data.take(count * (2 if half else 4), what)
    values = np.frombuffer(raw, "<f2" if half else "<f4").astype(np.float32)
    if not np.isfinite(values).all():
        data.position = start
        raise data.error(f"{what} holds a value that is not finite")
    return values


def unfold(folded: npt.NDArray[np.int32]) -> None:
    """Turn 0, 1, 2, 3, ... into 0, -1, 1, -2, ..., ``[elements]``, in place to save memory."""
    sign = folded & 1
    np.negative(sign, out=sign)
    folded >>= 1
    folded ^= sign


def read_step(payload: ByteReader, half: bool, num_bits: int) -> np.float32:
    """The step of a grid of levels of ``num_bits`` bits, checked as ``UniformTensor`` does."""
    step = np.float32(read_floats(payload, 1, half, "a step")[0])
    with np.errstate(over="ignore"):
        least = -step * np.float32(2 ** (num_bits - 1))
    if np.signbit(step) or not np.isfinite(least):
        raise payload.error(f"a step of {step} is negative or too large")
    return step
