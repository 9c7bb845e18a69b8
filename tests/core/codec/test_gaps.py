"""Matrices come back by gaps, at every density, whether or not the encoder would choose so."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import (
    ClusteredTensor,
    CompressedNetwork,
    UniformTensor,
    decode,
    encode,
    standalone_reader,
)
from core.codec.gaps import LOG_2, POWER
from core.codec.joint_records import _write
from core.errors import CodecError

CODEBOOK = np.float32([0, -3, -2, -1, 1, 2, 3, 4])


def sealed(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(4, "little")


def network_of(*tensors: ClusteredTensor | UniformTensor) -> CompressedNetwork:
    return CompressedNetwork("n", {f"t{k}": tensor for k, tensor in enumerate(tensors)})


def file_by_gaps(*tensors: ClusteredTensor | UniformTensor) -> bytes:
    """A file with all tensors, matrices, by gaps."""
    body, _ = _write(network_of(*tensors), {}, False, frozenset(range(len(tensors))))
    return sealed(b"SWS\x05" + body)


def come_back(*tensors: ClusteredTensor | UniformTensor) -> None:
    assert decode(file_by_gaps(*tensors)) == network_of(*tensors)


def clustered(
    shape: tuple[int, int], density: float, entries: int = 7, seed: int = 0
) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows, columns = generator.random(shape[0]) ** 2, generator.random(shape[1]) ** 2
    nonzero = generator.random(shape) < 9 * density * rows[:, None] * columns
    return (nonzero * generator.integers(1, entries + 1, shape)).astype(np.int32)


@given(
    st.integers(1, 90), st.integers(1, 300), st.sampled_from([0, 0.001, 0.02, 0.2, 1, 10**9]),
    st.integers(1, 7), st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60)
def test_every_matrix_comes_back(
    rows: int, columns: int, density: float, entries: int, seed: int
) -> None:
    cells = clustered((rows, columns), density, entries, seed)
    come_back(ClusteredTensor(cells, CODEBOOK[: entries + 1]))


@given(
    st.integers(1, 9), st.integers(1, 90), st.sampled_from([0, 0.02, 0.2, 10**9]),
    st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=20)
def test_the_standalone_reader_reads_every_matrix(
    rows: int, columns: int, density: float, seed: int
) -> None:
    first = ClusteredTensor(clustered((rows, columns), density, 7, seed), CODEBOOK)
    second = ClusteredTensor(clustered((7, 2 * rows), 0.3, 7, seed), CODEBOOK)
    read = standalone_reader.read(file_by_gaps(first, second))
    assert np.array_equal(read["t0"], first.values())
    assert np.array_equal(read["t1"], second.values())


@pytest.mark.parametrize("num_entries", [1, 2, 15, 200, 256])
def test_every_codebook_comes_back(num_entries: int) -> None:
    codebook = np.arange(num_entries + 1, dtype=np.float32)
    cells = clustered((60, 51), 0.3, num_entries)
    come_back(ClusteredTensor(cells, codebook), ClusteredTensor(cells, -codebook))


def test_levels_and_kernels_come_back() -> None:
    levels = clustered((40, 60), 0.2) - 4 * (clustered((40, 60), 0.2, seed=1) > 0)
    kernels = clustered((40, 54), 0.2).reshape(40, 6, 3, 3)
    come_back(UniformTensor(levels.astype(np.int32), 0.5, 5), ClusteredTensor(kernels, CODEBOOK))


def test_a_file_cut_at_any_byte_is_refused_or_is_another_network() -> None:
    tensors = ClusteredTensor(clustered((40, 60), 0.05), CODEBOOK)
    body = file_by_gaps(tensors)[:-4]
    num_decoded = 0
    for end in range(len(body)):
        try:
            assert decode(sealed(body[:end])) != network_of(tensors)
            num_decoded += 1
        except CodecError as error:
            assert 0 <= error.offset <= end + 4
    assert num_decoded <= 8


@pytest.mark.parametrize("density", [0.005, 0.02, 0.05])
def test_the_encoder_tells_large_matrices_of_units_by_gaps(density: float) -> None:
    tensor = ClusteredTensor(clustered((300, 301), density), CODEBOOK)
    data = encode(network_of(tensor))
    assert data[3] == 5
    assert data == file_by_gaps(tensor)


def test_few_units_and_images_are_told_cell_by_cell() -> None:
    assert encode(network_of(ClusteredTensor(clustered((10, 100), 0.1), CODEBOOK)))[3] == 4
    image = np.zeros((100, 28, 28), np.int32)
    image[:, 8:20, 8:20] = 1
    tensor = ClusteredTensor(image.reshape(100, 784), np.float32([0, 1]))
    assert encode(network_of(tensor))[3] == 4


def test_no_number_of_the_tables_is_so_near_a_half_that_rounding_could_err() -> None:
    places = np.arange(1025) / 1024
    for exact, table in ((np.log2(1 + places) * 2**28, LOG_2), (2.0 ** (24 - places), POWER)):
        assert np.abs(np.abs(exact - table) - 0.5).min() > 1e-6
        assert (np.diff(table) != 0).all()


def test_no_table_entry_lies_where_machines_could_round_it_differently() -> None:
    """A library's logarithm errs by a few units of 2**-25 here: no entry is that near to a half."""
    places = np.arange(1025) / 1024
    for exact in (np.log2(1 + places) * (1 << 28), np.exp2(-places) * (1 << 24)):
        assert np.abs(exact % 1 - 0.5).min() > 1e-5
