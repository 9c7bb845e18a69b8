"""Records the trace of a compression while it runs.

Two copies of the weights are held until the end, where all is drawn from them at once: the sample
is chosen by which weights decode to zero, and one grid must hold the weights of all three moments.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from core.checkpoint import State
from core.prior.mixture import GaussianMixture
from core.retraining.flat_weights import FlatWeights
from core.trace import Filters, Trace

MAX_SAMPLED = 4000
"""Most weights that are sampled of those that decode to zero, and of those that do not."""

NUM_BINS = 401
"""Bins of the histograms; an odd number puts zero into the middle of one."""

MAX_FILTER_VALUES = 80_000
"""Most weights of a layer that are kept as pictures: 102 units of an image of 28 x 28."""

_Row = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
_NOTHING = np.empty(0, np.float32)


class TraceRecorder:
    """Follows one compression from its pre-trained weights to its decoded file."""

    def __init__(
        self, weights: FlatWeights, mixture: GaussianMixture | None, input_shape: Sequence[int]
    ) -> None:
        """Begin before the first epoch.

        Args:
            weights: the pre-trained weights that the prior acts on.
            mixture: the mixture as it is initialised on them, None where there is none.
            input_shape: shape of one input, [channels, height, width] of an image.
        """
        self._weights = weights
        self._input_shape = tuple(input_shape)
        self._before = _flat(weights)
        self._after = self._before
        self._rows: list[_Row] = []
        if mixture is None:
            self._rows.append((_NOTHING, _NOTHING, _NOTHING))
        else:
            self.epoch(mixture)

    def epoch(self, mixture: GaussianMixture) -> None:
        """Take down the mixture at the end of an epoch."""
        proportions = mixture.log_mixing_proportions().exp()
        means, stds, shares = (
            tensor.detach().cpu().numpy().astype(np.float32)
            for tensor in (mixture.means, mixture.stds, proportions)
        )
        self._rows.append((means, stds, shares))

    def retrained(self) -> None:
        """Take down the weights at the end of the retraining."""
        self._after = _flat(self._weights)

    def state(self) -> State:
        """Return the mixtures taken down so far."""
        return {"rows": [[torch.from_numpy(column) for column in row] for row in self._rows]}

    def restore(self, state: State) -> None:
        """Have taken down what another recorder of the same compression did."""
        self._rows = [(m.numpy(), s.numpy(), p.numpy()) for m, s, p in state["rows"]]

    def finish(self, decoded: Mapping[str, NDArray[np.float32]]) -> Trace:
        """Return the trace.

        Args:
            decoded: the weights as the file holds them, by name, in the shape and the order of
                units that they had before.
        """
        names, shapes = self._weights.names, self._weights.shapes
        final = np.concatenate([decoded[name].ravel() for name in names])
        sizes = np.array([shape.numel() for shape in shapes], np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        chosen = _sample(final)
        limit = max(float(np.abs(values).max()) for values in (self._before, self._after, final))
        edges = np.linspace(-limit, limit, NUM_BINS + 1, dtype=np.float32)
        means, stds, shares = (_rows(column) for column in zip(*self._rows, strict=True))
        moments = (self._before, self._after, final)
        before = {
            name: self._before[low:high].reshape(shape)
            for name, shape, (low, high) in zip(names, shapes, pairwise(starts), strict=True)
        }
        return Trace(
            means=means,
            stds=stds,
            mixing_proportions=shares,
            layers=names,
            num_weights=sizes,
            num_nonzeros=np.array([np.count_nonzero(decoded[name]) for name in names], np.int64),
            sample_layers=(np.searchsorted(starts, chosen, "right") - 1).astype(np.uint16),
            sample_before=self._before[chosen].astype(np.float16),
            sample_after=self._after[chosen].astype(np.float16),
            sample_decoded=final[chosen].astype(np.float16),
            bin_edges=edges,
            counts=np.stack([_counts(values, limit) for values in moments]),
            filters=tuple(self._filters(before, decoded)),
        )

    def _filters(
        self,
        before: Mapping[str, NDArray[np.float32]],
        decoded: Mapping[str, NDArray[np.float32]],
    ) -> list[Filters]:
        """Return the first layer's filters, and the second's where it is a convolution."""
        found = []
        for index, name in enumerate(self._weights.names[:2]):
            first, final = before[name], decoded[name].reshape(before[name].shape)
            is_convolution = first.ndim == 4 and first.shape[2] * first.shape[3] > 1
            if not is_convolution:
                sees_all = first[0].size == np.prod(self._input_shape)
                if index > 0 or not sees_all or len(self._input_shape) > 3:
                    continue
                shape = (len(first), *(1,) * (3 - len(self._input_shape)), *self._input_shape)
                first, final = first.reshape(shape), final.reshape(shape)
            living = np.flatnonzero(final.reshape(len(final), -1).any(axis=1))
            units = np.arange(len(first)) if is_convolution else living
            units = _strided(units, MAX_FILTER_VALUES // first[0].size)
            found.append(
                Filters(
                    layer=name,
                    is_convolution=is_convolution,
                    num_units=len(first),
                    num_living=len(living),
                    units=units.astype(np.int64),
                    before=first[units].astype(np.float16),
                    decoded=final[units].astype(np.float16),
                )
            )
        return found


def _flat(weights: FlatWeights) -> NDArray[np.float32]:
    """Return a copy of the weights, whatever device they are on."""
    copied: NDArray[np.float32] = torch.clone(weights.values.detach()).cpu().numpy()
    return copied


def _sample(decoded: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return ascending indices of weights, non-zeros and zeros each at an even stride."""
    kinds = (np.flatnonzero(decoded), np.flatnonzero(decoded == 0))
    return np.sort(np.concatenate([_strided(kind, MAX_SAMPLED) for kind in kinds]))


def _strided(indices: NDArray[np.int64], at_most: int) -> NDArray[np.int64]:
    """Return at most so many of the indices, evenly spread over them."""
    number = min(len(indices), at_most)
    return indices[np.arange(number) * len(indices) // max(number, 1)]


def _counts(values: NDArray[np.float32], limit: float) -> NDArray[np.int64]:
    return np.histogram(values, bins=NUM_BINS, range=(-limit, limit))[0].astype(np.int64)


def _rows(column: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stack what each epoch saw; a component that is gone leaves NaN at the end of its row."""
    width = max(map(len, column))
    return np.stack([np.pad(row, (0, width - len(row)), constant_values=np.nan) for row in column])
