import json
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.evaluation import error
from core.reference import ReferenceNetwork
from tests.data_sets import small_data, small_reference


def test_reading_is_the_inverse_of_writing() -> None:
    reference = small_reference()
    read = ReferenceNetwork.from_bytes(reference.to_bytes())
    assert replace(read, state={}) == replace(reference, state={})
    assert list(read.state) == list(reference.state)
    for name, tensor in reference.state.items():
        assert torch.equal(read.state[name], tensor)
        assert read.state[name].is_contiguous()
    assert read.to_bytes() == reference.to_bytes()


def test_its_bytes_are_a_safetensors_file() -> None:
    loaded = safetensors.torch.load(small_reference().to_bytes())
    assert loaded.keys() == small_reference().state.keys()


def test_it_counts_the_parameters_and_their_bytes() -> None:
    assert small_reference().num_parameters == 266610
    assert small_reference().float32_bytes == 1066440


def test_it_builds_the_network_that_was_measured() -> None:
    network = small_reference().build()
    assert not network.training
    assert error(network, small_data().validation) == small_reference().validation_error
    assert error(network, small_data().test) == small_reference().test_error


def test_what_is_built_is_a_copy() -> None:
    before = small_reference().to_bytes()
    with torch.no_grad():
        for parameter in small_reference().build().parameters():
            parameter.zero_()
    assert small_reference().to_bytes() == before


@given(st.data())
def test_a_flipped_bit_is_noticed(data: st.DataObject) -> None:
    content = bytearray(small_reference().to_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    # most of the file are weights, so half of the draws go for its header
    last = data.draw(st.sampled_from((header, len(content))))
    content[data.draw(st.integers(0, last - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DataError, match="train it again") as caught:
        ReferenceNetwork.from_bytes(bytes(content))
    assert "\n" not in str(caught.value)


@given(st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_noticed(share: float) -> None:
    content = small_reference().to_bytes()
    with pytest.raises(DataError, match="train it again"):
        ReferenceNetwork.from_bytes(content[: int(share * len(content))])


@given(st.binary(max_size=100))
def test_foreign_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="train it again"):
        ReferenceNetwork.from_bytes(content)


def test_a_stranger_s_safetensors_file_is_refused() -> None:
    for metadata in (None, {"format": "pt"}, {"softshare": "[]"}, {"softshare": "[" * 100_000}):
        content = safetensors.torch.save(small_reference().state, metadata=metadata)
        with pytest.raises(DataError, match="no reference network can be read"):
            ReferenceNetwork.from_bytes(content)


def test_a_file_of_another_version_names_both() -> None:
    header = json.dumps({"format_version": "7", "sha256": ""})
    content = safetensors.torch.save(small_reference().state, metadata={"softshare": header})
    with pytest.raises(DataError, match="must be of format version 1, but is of 7"):
        ReferenceNetwork.from_bytes(content)


def test_weights_of_another_network_are_refused() -> None:
    state = {**small_reference().state, "output.bias": torch.zeros(11)}
    content = replace(small_reference(), state=state).to_bytes()
    with pytest.raises(DataError, match=r"size mismatch for output\.bias"):
        ReferenceNetwork.from_bytes(content)


def test_a_network_that_nobody_knows_lists_the_known_ones() -> None:
    content = replace(small_reference(), network_name="alexnet").to_bytes()
    with pytest.raises(DataError, match=r"must be one of .*lenet_300_100.*, but got alexnet"):
        ReferenceNetwork.from_bytes(content)
