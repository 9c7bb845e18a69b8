"""The shared stream gives back every matrix, and is shorter where the order of units tells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.codec import (
    ClusteredTensor,
    CompressedNetwork,
    UniformTensor,
    decode,
    describe,
    encode,
    han_bytes,
)
from core.codec.alphabet import Alphabet
from core.codec.heads import SHARED_KINDS
from core.codec.logistic import LOG, SQUASH, STRETCH
from core.codec.shared_stream import SharedTensor, directions_out_of, fits, geometry

SIX = np.float32([0, -2, -1, 1, 2, 3])


def come_back(*tensors: ClusteredTensor | UniformTensor) -> bytes:
    network = CompressedNetwork("n", {f"t{k}": tensor for k, tensor in enumerate(tensors)})
    data = encode(network)
    assert decode(data) == network
    return data


@given(st.data())
@settings(max_examples=40)
def test_every_chain_of_matrices_comes_back(data: st.DataObject) -> None:
    sides = data.draw(st.lists(st.integers(1, 7), min_size=2, max_size=4))
    areas = data.draw(st.lists(st.sampled_from([1, 2, 4]), min_size=3, max_size=3))
    zero_or_any = st.one_of(st.just(0), st.integers(0, 5))
    tensors: list[ClusteredTensor | UniformTensor] = []
    for inputs, outputs, area in zip(sides, sides[1:], areas, strict=False):
        shape = (outputs, inputs * area)
        cells = data.draw(hnp.arrays(np.int32, shape, elements=zero_or_any))
        if data.draw(st.booleans()):
            cells = cells[np.argsort(-np.count_nonzero(cells, axis=1), kind="stable")]
        tensors.append(ClusteredTensor(cells, SIX))
        levels = data.draw(hnp.arrays(np.int32, outputs, elements=st.integers(-16, 15)))
        tensors.append(UniformTensor(levels, 0.5, 5))
    come_back(*tensors)


@pytest.mark.parametrize("shape", [(30, 784), (40, 3, 5, 5), (20, 300), (3, 27), (9, 2, 3, 3, 2)])
@pytest.mark.parametrize("density", [0.002, 0.05, 0.9])
def test_images_kernels_and_layers_come_back(shape: tuple[int, ...], density: float) -> None:
    generator = np.random.default_rng(0)
    cells = (generator.random(shape) < density) * generator.integers(1, 6, shape)
    cells[0] = 5
    come_back(ClusteredTensor(cells.astype(np.int32), SIX))


@pytest.mark.parametrize("num_entries", [15, 16, 17, 200, 256])
def test_codebooks_beyond_the_unary_code_come_back(num_entries: int) -> None:
    codebook = np.arange(num_entries + 1, dtype=np.float32)
    cells = (np.arange(60 * 50) * 40_503 % (num_entries + 1)).reshape(60, 50).astype(np.int32)
    come_back(ClusteredTensor(cells, codebook), ClusteredTensor(cells, -codebook))


def test_clustered_rows_and_columns_cost_far_less_than_in_han_s_format() -> None:
    generator = np.random.default_rng(1)
    density = np.outer(generator.random(60) ** 4, generator.random(400) ** 4)
    cells = (generator.random((60, 400)) < density) * generator.integers(1, 6, (60, 400))
    tensor = ClusteredTensor(cells.astype(np.int32), SIX)
    assert len(come_back(tensor)) < 0.9 * han_bytes([tensor])


def test_sorted_units_cost_less_than_units_in_any_order() -> None:
    generator = np.random.default_rng(2)
    density = generator.random(200) ** 4 * 0.5
    first = (generator.random((200, 90)) < density[:, None]).astype(np.int32)
    second = (generator.random((40, 200)) < density).astype(np.int32)
    order = np.argsort(-first.sum(1) - second.sum(0), kind="stable")
    codebook = np.float32([0, 1])

    def size(one: np.ndarray, two: np.ndarray) -> int:
        return len(come_back(ClusteredTensor(one, codebook), ClusteredTensor(two, codebook)))

    assert size(first[order], second[:, order]) < 0.97 * size(first, second)


def test_units_that_feed_the_same_units_tell_each_other_s_signs() -> None:
    generator = np.random.default_rng(3)
    output = (generator.random((10, 80)) < 0.4) * generator.choice([-1, 1], (10, 80))
    wanted = generator.choice([-1, 1], (10, 120))
    signs = np.where(output.T @ wanted > 0, 2, 1)
    hidden = np.where(generator.random((80, 120)) < 0.2, signs, 0).astype(np.int32)
    shuffled = np.where(hidden, generator.permuted(signs, axis=0), 0).astype(np.int32)
    codebook = np.float32([0, -1, 1])
    behind = ClusteredTensor((output % 3).astype(np.int32), codebook)

    def size(cells: np.ndarray) -> int:
        return len(come_back(ClusteredTensor(cells, codebook), behind))

    assert size(hidden) < size(shuffled) - 0.15 * np.count_nonzero(hidden) / 8


def test_links_are_kept_account_of_while_they_are_few() -> None:
    def shared(rows: int, columns: int) -> SharedTensor:
        cells = np.ones((rows, columns), np.int32)
        return SharedTensor(cells.shape, Alphabet.of_codebook(np.float32([0, -1])), cells)

    assert directions_out_of(shared(8, 9), shared(5, 16)).tolist() == [[-2] * 8] * 5
    assert len(directions_out_of(shared(8, 9), None)) == 0
    assert len(directions_out_of(shared(8, 9), shared(5, 12))) == 0
    assert len(directions_out_of(shared(64, 129), shared(127, 64))) == 127
    assert len(directions_out_of(shared(64, 130), shared(127, 64))) == 0


def test_what_is_empty_or_too_long_is_left_to_other_coders() -> None:
    assert not fits((0, 3))
    assert not fits((1, 10**6))
    assert fits((10**6,)) and fits((2048, 2048)) and fits(())
    wide = ClusteredTensor(np.ones((3, 3), np.int32), np.arange(300, dtype=np.float32))
    grid = UniformTensor(np.ones((3, 3), np.int32), 1.0, 9)
    data = come_back(wide, grid)
    assert not {tensor.kind for tensor in describe(data).tensors} & set(SHARED_KINDS.values())


@pytest.mark.parametrize(
    ("shape", "rows_before", "expected"),
    [
        ((300, 784), None, (1, 28, 28)),
        ((100, 300), 300, (300, 1, 1)),
        ((500, 800), 50, (50, 4, 4)),
        ((64, 3072), None, (3, 32, 32)),
        ((50, 20, 5, 5), 20, (20, 5, 5)),
        ((10, 26), 13, (13, 1, 2)),
        ((10, 17), 3, (17, 1, 1)),
    ],
)
def test_columns_are_pixels_channels_or_units(
    shape: tuple[int, ...], rows_before: int | None, expected: tuple[int, int, int]
) -> None:
    assert geometry(shape, rows_before) == expected


def test_the_logistic_tables_are_inverse_and_rise() -> None:
    assert (np.diff(SQUASH) >= 0).all() and (np.diff(STRETCH) >= 0).all()
    assert abs(SQUASH[STRETCH[64:-64] + 2048] - 16 * np.arange(64, 4032)).max() < 200


def test_no_logarithm_lies_where_another_machine_could_round_it_otherwise() -> None:
    exact = 256 * np.log(np.arange(1, 4096))
    assert abs(exact - np.floor(exact) - 0.5).min() > 1e-6
    assert (np.diff(LOG[1:]) >= 0).all()
