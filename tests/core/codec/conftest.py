"""One network with every kind of tensor, small enough to break in every place."""

import numpy as np
import pytest

from core.codec import (
    ClusteredTensor,
    CodedTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
)


@pytest.fixture(scope="session")
def every_kind() -> CompressedNetwork:
    """Clustered, uniform and float tensors; written by formulas, so that it never changes."""
    place = np.arange(40 * 60)
    sparse = np.where(place * place % 97 < 4, place % 5, 0).reshape(40, 60).astype(np.int32)
    sparse[:, 20:45] = 0
    place = np.arange(8 * 5 * 3 * 2)
    dense = (place * 7 % 11 % 4).reshape(8, 5, 3, 2).astype(np.int32)
    half = np.array([0.0, -0.5, 0.25, 1.5, -0.125], np.float32)
    single = np.array([0.0, 0.1, -0.2, 0.3], np.float32)
    tensors: dict[str, CodedTensor] = {
        "hidden.weight": ClusteredTensor(sparse, half),
        "hidden.bias": UniformTensor(
            (np.arange(40) % 7 - 3).astype(np.int32), step=0.0625, num_bits=5
        ),
        "слой.weight": ClusteredTensor(dense, single),
        "слой.bias": UniformTensor(
            np.array([0, 0, 0, 0, 0, 0, 0, -9], np.int32), step=0.1, num_bits=6
        ),
        "empty": ClusteredTensor(np.zeros((0, 3), np.int32), half),
        "zeros": ClusteredTensor(np.zeros((3, 1), np.int32), np.zeros(1, np.float32)),
        "scale": FloatTensor(np.array(np.nan, np.float32)),
        "shift": FloatTensor(np.array([[1.0, -0.0], [np.inf, 1e-40]], np.float32)),
    }
    return CompressedNetwork("every kind", tensors)
