"""Matrices of units come back by gaps, at every density, and no longer than one decision a cell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import ClusteredTensor, CompressedNetwork, UniformTensor, decode, encode
from core.codec.gaps import LOG_2, POWER

CODEBOOK = np.float32([0, -3, -2, -1, 1, 2, 3, 4])


def come_back(*tensors: ClusteredTensor | UniformTensor) -> bytes:
    network = CompressedNetwork("n", {f"t{k}": tensor for k, tensor in enumerate(tensors)})
    data = encode(network)
    assert decode(data) == network
    return data


def clustered(
    shape: tuple[int, int], density: float, entries: int = 7, seed: int = 0
) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows, columns = generator.random(shape[0]) ** 2, generator.random(shape[1]) ** 2
    nonzero = generator.random(shape) < 9 * density * rows[:, None] * columns
    return (nonzero * generator.integers(1, entries + 1, shape)).astype(np.int32)


@given(
    st.integers(1, 90), st.integers(24, 300), st.sampled_from([0, 0.001, 0.02, 0.2, 1]),
    st.integers(1, 7), st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60)
def test_every_matrix_of_units_comes_back(
    rows: int, columns: int, density: float, entries: int, seed: int
) -> None:
    cells = clustered((rows, columns), density, entries, seed)
    come_back(ClusteredTensor(cells, CODEBOOK[: entries + 1]))


@pytest.mark.parametrize("density", [0.0005, 0.005, 0.05, 0.5])
def test_large_matrices_of_units_are_told_by_gaps(density: float) -> None:
    cells = clustered((300, 301), density)
    assert come_back(ClusteredTensor(cells, CODEBOOK))[3] == 5


@pytest.mark.parametrize("num_entries", [1, 2, 15, 200, 256])
def test_every_codebook_comes_back_by_gaps(num_entries: int) -> None:
    codebook = np.arange(num_entries + 1, dtype=np.float32)
    cells = clustered((200, 201), 0.3, num_entries)
    tensors = ClusteredTensor(cells, codebook), ClusteredTensor(cells, -codebook)
    assert come_back(*tensors)[3] == 5


def test_levels_come_back_by_gaps() -> None:
    levels = clustered((200, 201), 0.2) - 4 * (clustered((200, 201), 0.2, seed=1) > 0)
    assert come_back(UniformTensor(levels.astype(np.int32), 0.5, 5))[3] == 5


def test_few_units_and_images_are_told_cell_by_cell() -> None:
    assert come_back(ClusteredTensor(clustered((10, 100), 0.1), CODEBOOK))[3] == 4
    image = np.zeros((100, 28, 28), np.int32)
    image[:, 8:20, 8:20] = 1
    tensor = ClusteredTensor(image.reshape(100, 784), np.float32([0, 1]))
    assert come_back(tensor)[3] == 4


def test_no_number_of_the_tables_is_so_near_a_half_that_rounding_could_err() -> None:
    places = np.arange(1025) / 1024
    for exact, table in ((np.log2(1 + places) * 2**28, LOG_2), (2.0 ** (24 - places), POWER)):
        assert np.abs(np.abs(exact - table) - 0.5).min() > 1e-5
        assert (np.diff(table) != 0).all()
