"""decode∘encode is the identity, whatever the shape, the values and the names."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.codec import (
    ClusteredTensor,
    CodedTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
    decode,
    describe,
    encode,
)

shapes = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=7)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
some_names = st.one_of(
    names,
    st.tuples(st.sampled_from(["layer1.0.conv", "layer1.1.conv", "выход", "出力"]), names).map(
        "".join
    ),
).flatmap(lambda stem: st.sampled_from(["", ".weight", ".bias"]).map(lambda end: stem + end))


@st.composite
def clustered_tensors(draw: st.DrawFn) -> ClusteredTensor:
    width = draw(st.sampled_from([16, 32]))
    entries = draw(
        hnp.arrays(
            np.float32,
            st.integers(0, 20),
            elements=st.floats(width=width, allow_nan=False, allow_infinity=False),
        )
    )
    codebook = np.concatenate((np.zeros(1, np.float32), entries))
    index = st.integers(0, len(codebook) - 1)
    zero = st.just(0)
    elements = draw(st.sampled_from([zero, index, st.one_of(zero, zero, zero, index)]))
    return ClusteredTensor(draw(hnp.arrays(np.int32, shapes, elements=elements)), codebook)


@st.composite
def uniform_tensors(draw: st.DrawFn) -> UniformTensor:
    num_bits = draw(st.integers(1, 16))
    low, high = -(2 ** (num_bits - 1)), 2 ** (num_bits - 1) - 1
    levels = draw(hnp.arrays(np.int32, shapes, elements=st.integers(low, high)))
    step = draw(st.floats(0, 2.0**112, width=32))
    return UniformTensor(levels, abs(step), num_bits)


float_tensors = hnp.arrays(np.uint32, shapes, elements=st.integers(0, 2**32 - 1)).map(
    lambda bits: FloatTensor(bits.view(np.float32))
)
tensors: st.SearchStrategy[CodedTensor] = st.one_of(
    clustered_tensors(), uniform_tensors(), float_tensors
)


def check(network: CompressedNetwork) -> None:
    data = encode(network)
    decoded = decode(data)
    assert decoded == network
    assert list(decoded.tensors) == list(network.tensors)
    assert encode(decoded) == data
    description = describe(data)
    parts = [tensor.file_bytes for tensor in description.tensors]
    assert description.header_bytes + sum(parts) + description.checksum_bytes == len(data)
    assert description.total_bytes == len(data)
    assert all(tensor.bits.total % 8 == 0 for tensor in description.tensors)
    for tensor in description.tensors:
        values = network.arrays()[tensor.name]
        assert tensor.num_nonzeros == np.count_nonzero(values)
        assert (tensor.shape, tensor.num_elements) == (values.shape, values.size)


@given(names, st.lists(st.tuples(some_names, tensors), max_size=4, unique_by=lambda pair: pair[0]))
def test_decoding_gives_the_network_back(
    network_name: str, pairs: list[tuple[str, CodedTensor]]
) -> None:
    check(CompressedNetwork(network_name, dict(pairs)))


def test_every_kind_comes_back(every_kind: CompressedNetwork) -> None:
    check(every_kind)


@pytest.mark.parametrize("num_elements", [0, 10, 70_000])
def test_a_codebook_of_65536_entries_comes_back(num_elements: int) -> None:
    place = np.arange(65_536, dtype=np.float32)
    indices = (np.arange(num_elements) * 40_503 % 65_536).astype(np.int32)
    check(CompressedNetwork("wide", {"w": ClusteredTensor(indices, place / 7)}))


def test_a_very_skewed_tensor_comes_back() -> None:
    fibonacci = [1, 1]
    while len(fibonacci) < 24:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    indices = np.repeat(np.arange(24, dtype=np.int32), fibonacci)
    codebook = np.arange(24, dtype=np.float32)
    check(CompressedNetwork("skewed", {"w": ClusteredTensor(indices[::-1].copy(), codebook)}))


def test_distances_beyond_the_longest_span_come_back() -> None:
    indices = np.zeros((3, 100_000), np.int32)
    indices[0, 1] = indices[1, 5] = indices[2, 99_999] = 1
    check(CompressedNetwork("sparse", {"w": ClusteredTensor(indices, np.float32([0, 1]))}))


def test_arrays_of_another_memory_order_come_back() -> None:
    indices = (np.arange(60).reshape(6, 10) % 3).astype(np.int32).T
    check(CompressedNetwork("t", {"w": ClusteredTensor(indices, np.float32([0, 1, 2]))}))


def test_a_codebook_costs_what_its_mantissas_need() -> None:
    indices = np.array([0, 1, 2, 1], np.int32)
    short, half, single = (
        describe(encode(CompressedNetwork("", {"w": ClusteredTensor(indices, codebook)})))
        for codebook in (
            np.float32([0, -0.5, 1]),
            np.float32([0, -0.5, 1.0009765625]),
            np.float32([0, -0.5, 0.1]),
        )
    )
    assert short.total_bytes < half.total_bytes < single.total_bytes
    assert single.total_bytes <= short.total_bytes + 2 * 3


def test_denormal_numbers_are_kept_while_they_are_flushed() -> None:
    indices = np.array([0, 1, 2], np.int32)
    network = CompressedNetwork(
        "tiny", {"w": ClusteredTensor(indices, np.float32([0.0, 1e-40, -0.0]))}
    )
    data = encode(network)
    torch.set_flush_denormal(True)
    try:
        assert encode(network) == data
        assert decode(data) == network
    finally:
        torch.set_flush_denormal(False)
    assert decode(data) == network
