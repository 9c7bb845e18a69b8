"""What a compressed network is made of: tensors as they are coded, by name.

Each type checks itself when it is made, so that the encoder may rely on it. Arrays are kept as
read-only views; ``values`` and ``arrays`` hand out fresh, writable ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

MAX_CODEBOOK_ENTRIES = 2**16
MAX_LEVEL_BITS = 16
MAX_DIMENSIONS = 14
MAX_NAME_BYTES = 1024


@dataclass(frozen=True, eq=False)
class ClusteredTensor:
    """A weight tensor whose values come from a small codebook (Ullrich et al. 2017, App. A.3).

    Two are equal when shapes, indices and codebooks agree bit for bit.

    Attributes:
        indices: index into the codebook of each weight; int32, any shape, 0 for a zero weight.
        codebook: finite float32 values, ``[entries]``, between 1 and 65,536 of them; the first is
            the zero (a negative zero there becomes a positive one). Entries may repeat or go
            unused. In a file each costs as many bits as the longest mantissa, and a few more.

    Raises:
        ValueError: an array breaks one of these rules.
    """

    indices: npt.NDArray[np.int32]
    codebook: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        indices = _checked(self.indices, np.int32, "indices")
        codebook = _checked(self.codebook, np.float32, "codebook")
        if codebook.ndim != 1 or not 1 <= codebook.size <= MAX_CODEBOOK_ENTRIES:
            raise ValueError(
                f"codebook must have one axis of 1 to {MAX_CODEBOOK_ENTRIES} entries, "
                f"but got shape {codebook.shape}"
            )
        # By its bits: with denormal numbers flushed, as in training, one would equal 0.0.
        if codebook[:1].view(np.uint32)[0] << 1 or not np.isfinite(codebook).all():
            raise ValueError(
                f"codebook must be finite and start with 0.0, but got {codebook[:4]} ..."
            )
        if indices.size and not (indices.min() >= 0 and indices.max() < codebook.size):
            raise ValueError(
                f"indices must be in [0, {codebook.size}), "
                f"but got {indices.min()} to {indices.max()}"
            )
        if np.signbit(codebook[0]):
            codebook = codebook.copy()
            codebook[0] = 0.0
        _freeze(self, indices=indices, codebook=codebook)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the weight tensor."""
        return self.indices.shape

    def values(self) -> npt.NDArray[np.float32]:
        """The weights, float32, of the tensor's shape; a new array."""
        return np.asarray(self.codebook[self.indices], np.float32)

    __hash__ = None  # type: ignore[assignment]  # arrays are compared, never hashed

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ClusteredTensor)
            and _same_bits(self.indices, other.indices)
            and _same_bits(self.codebook, other.codebook)
        )


@dataclass(frozen=True, eq=False)
class UniformTensor:
    """A tensor on an even grid around zero: the biases at low precision.

    Attributes:
        levels: multiples of the step; int32, any shape, in
            ``[-2**(num_bits - 1), 2**(num_bits - 1) - 1]``.
        step: width of the grid, rounded to float32; not negative, and the outermost level is
            still finite.
        num_bits: bits of one level, 1 to 16.

    Raises:
        ValueError: a value breaks one of these rules.
    """

    levels: npt.NDArray[np.int32]
    step: float
    num_bits: int

    def __post_init__(self) -> None:
        levels = _checked(self.levels, np.int32, "levels")
        if not 1 <= self.num_bits <= MAX_LEVEL_BITS:
            raise ValueError(f"num_bits must be in [1, {MAX_LEVEL_BITS}], but got {self.num_bits}")
        with np.errstate(over="ignore"):
            step = np.float32(self.step)
            least = -step * np.float32(2 ** (self.num_bits - 1))
        if not np.isfinite(least) or np.signbit(step):
            raise ValueError(
                "step must be >= 0 and all levels times step finite in float32, "
                f"but got {self.step}"
            )
        low, high = -(2 ** (self.num_bits - 1)), 2 ** (self.num_bits - 1) - 1
        if levels.size and not (levels.min() >= low and levels.max() <= high):
            raise ValueError(
                f"levels must be in [{low}, {high}] at {self.num_bits} bits, "
                f"but got {levels.min()} to {levels.max()}"
            )
        _freeze(self, levels=levels)
        object.__setattr__(self, "step", float(step))
        object.__setattr__(self, "num_bits", int(self.num_bits))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        return self.levels.shape

    def values(self) -> npt.NDArray[np.float32]:
        """``levels * step`` in float32, of the tensor's shape; a new array."""
        return np.asarray(self.levels.astype(np.float32) * np.float32(self.step), np.float32)

    __hash__ = None  # type: ignore[assignment]  # arrays are compared, never hashed

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, UniformTensor)
            and _same_bits(self.levels, other.levels)
            and (self.step, self.num_bits) == (other.step, other.num_bits)
        )


@dataclass(frozen=True, eq=False)
class FloatTensor:
    """A tensor kept as it is.

    Attributes:
        values: float32, any shape; infinities and every NaN keep their bits.

    Raises:
        ValueError: the array is not float32 or has too many axes.
    """

    values: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        _freeze(self, values=_checked(self.values, np.float32, "values"))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        return self.values.shape

    __hash__ = None  # type: ignore[assignment]  # arrays are compared, never hashed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FloatTensor) and _same_bits(self.values, other.values)


CodedTensor: TypeAlias = ClusteredTensor | UniformTensor | FloatTensor


@dataclass(frozen=True)
class CompressedNetwork:
    """Everything one file holds.

    Attributes:
        network_name: name by which the network is built again.
        tensors: the coded tensors by their key in the state dict; their order is kept.

    Raises:
        ValueError: a name is no valid Unicode text or longer than 1,024 bytes of UTF-8.
    """

    network_name: str
    tensors: Mapping[str, CodedTensor]

    def __post_init__(self) -> None:
        for name in (self.network_name, *self.tensors):
            try:
                num_bytes = len(name.encode())
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"a name must be valid Unicode text, but got {name!a}: {error.reason}"
                ) from error
            if num_bytes > MAX_NAME_BYTES:
                raise ValueError(
                    f"a name must take at most {MAX_NAME_BYTES} bytes of UTF-8, "
                    f"but got {num_bytes} bytes starting {name[:20]!a}"
                )
        object.__setattr__(self, "tensors", dict(self.tensors))

    def arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """Every tensor's values by name: new, writable float32 arrays of the tensors' shapes."""
        return {
            name: tensor.values.copy() if isinstance(tensor, FloatTensor) else tensor.values()
            for name, tensor in self.tensors.items()
        }


def _checked(array: object, dtype: type, name: str) -> npt.NDArray[Any]:
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name} must be an array of {np.dtype(dtype).name}, but got {found}")
    if array.ndim > MAX_DIMENSIONS:
        raise ValueError(f"{name} must have at most {MAX_DIMENSIONS} axes, but got {array.ndim}")
    return array if array.flags.c_contiguous else array.copy(order="C")


def _freeze(owner: object, **arrays: npt.NDArray[Any]) -> None:
    for name, array in arrays.items():
        view = array.view()
        view.flags.writeable = False
        object.__setattr__(owner, name, view)


def _same_bits(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.shape == b.shape and np.array_equal(a.view(np.uint32), b.view(np.uint32))
