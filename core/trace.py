"""The trace of a compression: the mixture over the epochs and the weights before and after.

It holds what Figures 1, 3, 7 and 8 of Ullrich et al. 2017 and the histograms of the tutorial draw,
as NumPy arrays of a bounded size, so that whoever draws it needs neither torch nor the network.
"""

import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core.errors import DataError

MAX_BYTES = 1 << 22
"""Most bytes of a stored trace; one of LeNet-300-100 takes about a twentieth of it."""

MAX_UNPACKED_BYTES = 1 << 24

Float16s = NDArray[np.float16]
Float32s = NDArray[np.float32]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Filters:
    """Weights of a layer as pictures, one a unit and input channel (paper, Figures 7 and 8).

    Attributes:
        layer: key of the weight tensor in the state dict.
        is_convolution: whether a unit is a filter that slides; if not, its pictures are the
            weights of the inputs that it sees.
        num_units: units or filters that the layer has.
        num_living: those with a weight that decodes to something other than zero.
        units: indices of those that are kept here, ascending.
        before: weights before the retraining, [units, channels, height, width].
        decoded: weights that the file decodes to, in the same shape.
    """

    layer: str
    is_convolution: bool
    num_units: int
    num_living: int
    units: Int64s
    before: Float16s
    decoded: Float16s

    def __post_init__(self) -> None:
        if self.before.shape != self.decoded.shape or len(self.before) != len(self.units):
            raise ValueError(f"the filters of {self.layer} do not have one shape")


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """What a compression did to the mixture and to the weights.

    Row 0 of the mixture is its initialisation, row e its state after epoch e of the retraining.
    The zero component comes first; where a component is no longer there its numbers are NaN. A
    compression without a mixture has one row of no components.
    Weights and components are in the same units. "Before" is where the retraining began: the
    reference network, or what was left of it where units were cut away first. The file may hold
    the units of a layer in another order than they stand here.

    Attributes:
        means: means of the components, [epochs + 1, components].
        stds: their standard deviations, in the same shape.
        mixing_proportions: their shares of the mixture; a row sums to 1.
        layers: keys of the clustered weight tensors in the state dict.
        num_weights: weights of each of those tensors.
        num_nonzeros: weights of each that decode to something other than zero.
        sample_layers: index of each sampled weight's tensor in ``layers``. The sample takes the
            weights that decode to non-zero and the others each at an even stride.
        sample_before: the sampled weights before the retraining.
        sample_after: the same weights after the retraining, not yet snapped to a codebook.
        sample_decoded: the same weights in the decoded file.
        bin_edges: edges of the histograms' even grid, [bins + 1].
        counts: number of all weights in each bin at the three moments: before, after the
            retraining, decoded; [3, bins].
        filters: weights of the first layer, and of the second where that is a convolution.
    """

    means: Float32s
    stds: Float32s
    mixing_proportions: Float32s
    layers: tuple[str, ...]
    num_weights: Int64s
    num_nonzeros: Int64s
    sample_layers: NDArray[np.uint16]
    sample_before: Float16s
    sample_after: Float16s
    sample_decoded: Float16s
    bin_edges: Float32s
    counts: Int64s
    filters: tuple[Filters, ...]

    def __post_init__(self) -> None:
        mixture = (self.means, self.stds, self.mixing_proportions)
        sample = (self.sample_before, self.sample_after, self.sample_decoded)
        if (
            self.means.ndim != 2
            or not len(self.means)
            or any(array.shape != self.means.shape for array in mixture)
        ):
            raise ValueError("the mixture's arrays do not have one shape")
        if any(array.shape != self.sample_layers.shape for array in sample):
            raise ValueError("the sample's arrays do not have one shape")
        if any(
            array.shape != (len(self.layers),) for array in (self.num_weights, self.num_nonzeros)
        ):
            raise ValueError("the layers' counts are not one a layer")
        if np.any(self.sample_layers >= len(self.layers)):
            raise ValueError("a sampled weight is of no layer")
        if self.counts.shape != (3, len(self.bin_edges) - 1):
            raise ValueError("the counts do not fit the bins")

    @property
    def num_epochs(self) -> int:
        """Epochs of the retraining."""
        return len(self.means) - 1

    @property
    def has_mixture(self) -> bool:
        """Whether the weights were under a mixture."""
        return self.means.size > 0

    @property
    def bin_middles(self) -> Float32s:
        """Middles of the histograms' bins."""
        return self.bin_edges[:-1] + np.diff(self.bin_edges) / np.float32(2)

    def to_bytes(self) -> bytes:
        """Return the trace as deflated safetensors, which hold arrays and nothing that runs."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        facts = [(f.layer, f.is_convolution, f.num_units, f.num_living) for f in self.filters]
        names = {"layers": self.layers, "filters": facts}
        arrays["names"] = np.frombuffer(json.dumps(names).encode(), np.uint8)
        for index, filters in enumerate(self.filters):
            for name in _FILTER_ARRAYS:
                arrays[f"{name}.{index}"] = np.ascontiguousarray(getattr(filters, name))
        return zlib.compress(save(arrays))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Trace":
        """Read a trace.

        Raises:
            DataError: these bytes are no whole trace, or it is larger than a trace may be.
        """
        try:
            arrays = load(_inflated(data))
            names = json.loads(arrays["names"].tobytes())
            filters = tuple(
                Filters(
                    layer=str(layer),
                    is_convolution=bool(is_convolution),
                    num_units=int(num_units),
                    num_living=int(num_living),
                    **{n: _array(arrays, f"{n}.{i}", t, k) for n, (t, k) in _FILTER_ARRAYS.items()},
                )
                for i, (layer, is_convolution, num_units, num_living) in enumerate(names["filters"])
            )
            return cls(
                layers=tuple(str(name) for name in names["layers"]),
                filters=filters,
                **{name: _array(arrays, name, *kind) for name, kind in _ARRAYS.items()},
            )
        except _UNREADABLE as error:
            raise DataError(
                f"the trace of a compression cannot be read: {error}; run its trial again"
            ) from error


_UNREADABLE = (zlib.error, SafetensorError, ValueError, KeyError, TypeError, RecursionError)

_ARRAYS: dict[str, tuple[type[np.generic], int]] = {
    "means": (np.float32, 2),
    "stds": (np.float32, 2),
    "mixing_proportions": (np.float32, 2),
    "num_weights": (np.int64, 1),
    "num_nonzeros": (np.int64, 1),
    "sample_layers": (np.uint16, 1),
    "sample_before": (np.float16, 1),
    "sample_after": (np.float16, 1),
    "sample_decoded": (np.float16, 1),
    "bin_edges": (np.float32, 1),
    "counts": (np.int64, 2),
}
_FILTER_ARRAYS: dict[str, tuple[type[np.generic], int]] = {
    "units": (np.int64, 1),
    "before": (np.float16, 4),
    "decoded": (np.float16, 4),
}


def _inflated(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it takes {len(data)} bytes, more than {MAX_BYTES}")
    stream = zlib.decompressobj()
    unpacked = stream.decompress(data, MAX_UNPACKED_BYTES)
    if not stream.eof:
        raise ValueError("it is cut off or unpacks to more than a trace may take")
    return unpacked


def _array(
    arrays: dict[str, NDArray[np.generic]], name: str, dtype: type[np.generic], num_axes: int
) -> NDArray[Any]:
    array = arrays[name]
    if array.dtype != dtype or array.ndim != num_axes:
        raise ValueError(f"{name} is {array.ndim}-dimensional {array.dtype}")
    return array
