"""The coder by context mixing gives back every matrix, and refuses what it has not written."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.codec import ClusteredTensor, UniformTensor, han_bytes
from core.codec.byte_reader import ByteReader
from core.codec.coders import UniformHuffmanCoder
from core.codec.context_coders import (
    Alphabet,
    ClusteredContextCoder,
    UniformContextCoder,
    decode_cells,
    encode_cells,
)
from core.codec.context_mixing import SQUASH, STRETCH
from core.errors import CodecError

shapes = hnp.array_shapes(min_dims=0, max_dims=5, min_side=1, max_side=9)
SIX = np.float32([0, -2, -1, 1, 2, 3])


def read(data: bytes) -> ByteReader:
    return ByteReader(data, 0, len(data))


@given(
    hnp.arrays(np.int32, shapes, elements=st.one_of(st.just(0), st.integers(0, 5))),
    st.none() | hnp.arrays(np.int64, st.integers(1, 9), elements=st.integers(0, 10**6)),
)
def test_every_matrix_comes_back(cells: np.ndarray, rows_before: np.ndarray | None) -> None:
    alphabet = Alphabet.of_codebook(SIX)
    stream = encode_cells(cells, alphabet, rows_before)
    assert stream is not None
    decoded, bits = decode_cells(read(stream), cells.shape, alphabet, rows_before)
    assert decoded.tolist() == cells.tolist()
    assert decoded.shape == cells.shape
    assert bits.total == 8 * len(stream)


@pytest.mark.parametrize("shape", [(30, 784), (40, 3, 5, 5), (20, 300), (3, 27), (16, 2, 3, 3)])
@pytest.mark.parametrize("density", [0.002, 0.05, 0.9])
def test_images_kernels_and_layers_behind_layers_come_back(
    shape: tuple[int, ...], density: float
) -> None:
    generator = np.random.default_rng(0)
    cells = (generator.random(shape) < density) * generator.integers(1, 6, shape)
    cells[0] = 5
    tensor = ClusteredTensor(cells.astype(np.int32), SIX)
    rows_before = generator.integers(0, 90, 300 if shape[1] == 300 else shape[1])
    coder = ClusteredContextCoder()
    payload = coder.encode(tensor, rows_before)
    assert payload is not None
    assert coder.decode(read(payload), shape, rows_before)[0] == tensor


def test_clustered_rows_and_columns_cost_far_less_than_in_han_s_format() -> None:
    generator = np.random.default_rng(1)
    density = np.outer(generator.random(60) ** 4, generator.random(400) ** 4)
    cells = (generator.random((60, 400)) < density) * generator.integers(1, 6, (60, 400))
    tensor = ClusteredTensor(cells.astype(np.int32), SIX)
    payload = ClusteredContextCoder().encode(tensor)
    assert payload is not None
    assert len(payload) < 0.85 * han_bytes([tensor])


def test_what_is_known_of_the_layer_before_saves_bytes() -> None:
    generator = np.random.default_rng(2)
    rows_before = np.where(np.arange(300) % 3 == 0, 40, 0)
    cells = ((generator.random((50, 300)) < 0.3) & (rows_before > 0)).astype(np.int32)
    tensor = ClusteredTensor(cells, np.float32([0, 1]))
    coder = ClusteredContextCoder()
    assert len(coder.encode(tensor, rows_before) or b"") < len(coder.encode(tensor) or b"")


def test_levels_in_runs_cost_less_than_their_huffman_code() -> None:
    levels = np.repeat(np.array([0, 3, -1, 0, -7, 2], np.int32), 50)
    tensor = UniformTensor(levels, 0.5, 5)
    coder = UniformContextCoder()
    payload = coder.encode(tensor)
    assert payload is not None
    assert coder.decode(read(payload), (300,))[0] == tensor
    assert len(payload) <= len(UniformHuffmanCoder().encode(tensor) or b"")


@pytest.mark.parametrize("shape", [(0, 3), (5000,), (1, 10**6)])
def test_what_is_empty_or_too_long_is_left_to_other_coders(shape: tuple[int, ...]) -> None:
    cells = np.zeros(shape, np.int32)
    cells[..., :1] = 1
    assert ClusteredContextCoder().encode(ClusteredTensor(cells, SIX)) is None
    with pytest.raises(CodecError, match="is not for this coder"):
        decode_cells(read(b"\0\0"), shape, Alphabet.of_codebook(SIX))


def test_a_matrix_of_zeros_and_a_large_codebook_are_left_to_other_coders() -> None:
    coder = ClusteredContextCoder()
    zeros = ClusteredTensor(np.zeros((3, 3), np.int32), SIX)
    wide = ClusteredTensor(np.ones((3, 3), np.int32), np.arange(300, dtype=np.float32))
    assert coder.encode(zeros) is None
    assert coder.encode(wide) is None
    grid = UniformTensor(np.ones((3, 3), np.int32), 1.0, 9)
    assert UniformContextCoder().encode(grid) is None


def test_changed_and_cut_streams_decode_or_are_refused() -> None:
    alphabet = Alphabet.of_codebook(SIX)
    cells = (np.arange(40 * 50) ** 2 % 97 % 6).reshape(40, 50).astype(np.int32)
    stream = encode_cells(cells, alphabet)
    assert stream is not None
    generator = random.Random(0)
    num_decoded = 0
    for _ in range(300):
        damaged = bytearray(stream[: generator.randrange(1, len(stream) + 1)])
        for _ in range(generator.randrange(3)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        damaged += generator.randbytes(generator.choice([0, 0, 1, 9]))
        try:
            decode_cells(read(bytes(damaged)), cells.shape, alphabet)
        except CodecError as error:
            assert 0 <= error.offset <= len(damaged)
        else:
            num_decoded += 1
    assert num_decoded < 300


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "choices of a stream needs 1 bytes"),
        (b"\x08\0", "a line of 2"),
        (b"\xe0\x01\0", "a line of 56"),
        (b"\x02\0", "no matrix before"),
    ],
)
def test_broken_streams_are_refused(stream: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message) as caught:
        decode_cells(read(stream), (5, 6), Alphabet.of_codebook(SIX))
    assert 0 <= caught.value.offset <= len(stream)


def test_bytes_behind_a_stream_are_refused() -> None:
    alphabet = Alphabet.of_codebook(SIX)
    stream = encode_cells(np.ones((5, 6), np.int32), alphabet)
    assert stream is not None
    with pytest.raises(CodecError, match="left over behind the last decision"):
        decode_cells(read(stream + bytes(5)), (5, 6), alphabet)


def test_a_rank_that_no_symbol_has_is_refused() -> None:
    three = Alphabet.of_codebook(np.float32([0, 1, 2, 3]))
    four = Alphabet.of_codebook(np.float32([0, 1, 2, 3, 4]))
    stream = encode_cells(np.full((4, 4), 4, np.int32), four)
    assert stream is not None
    with pytest.raises(CodecError, match="symbol that is not there"):
        decode_cells(read(stream), (4, 4), three)


def test_the_logistic_tables_are_inverse_and_rise() -> None:
    assert (np.diff(SQUASH) >= 0).all() and (np.diff(STRETCH) >= 0).all()
    assert abs(SQUASH[STRETCH[64:-64] + 2048] - 16 * np.arange(64, 4032)).max() < 200
