import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from core.codec import (
    ClusteredTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
    decode,
    encode,
)
from core.data import Split
from core.errors import DataError
from core.evaluation import error, load_compressed
from tests.data_sets import small_data, small_reference


class Echo(nn.Module):
    """Answers the one-hot class that an image's first pixel names."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[int, bool]] = []

    def forward(self, inputs: Tensor) -> Tensor:
        self.batches.append((len(inputs), self.training))
        return nn.functional.one_hot(inputs[:, 0, 0, 0].long(), 4).float()


def split_of(answers: list[int], labels: list[int]) -> Split:
    inputs = torch.tensor(answers, dtype=torch.float32).reshape(-1, 1, 1, 1)
    return Split(inputs=inputs, labels=torch.tensor(labels))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20),
    st.integers(1, 25),
)
def test_the_error_is_the_share_of_wrong_classes(
    pairs: list[tuple[int, int]], batch_size: int
) -> None:
    answers, labels = (list(values) for values in zip(*pairs, strict=True))
    wrong = sum(answer != label for answer, label in pairs)
    assert error(Echo(), split_of(answers, labels), batch_size) == wrong / len(pairs)


def test_images_come_in_batches() -> None:
    network = Echo()
    error(network, split_of([0] * 7, [0] * 7), batch_size=3)
    assert [size for size, _ in network.batches] == [3, 3, 1]


@pytest.mark.parametrize("training", [False, True])
def test_the_network_is_judged_in_evaluation_mode_and_left_as_it_was(training: bool) -> None:
    network = Echo().train(training)
    error(network, split_of([0], [0]))
    assert network.batches == [(1, False)]
    assert network.training is training


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_outputs_that_are_no_numbers_are_wrong(value: float) -> None:
    class Broken(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            return torch.full((len(inputs), 4), value)

    assert error(Broken(), split_of([0, 0], [0, 0])) == 1


def float_network() -> CompressedNetwork:
    state = small_reference().state
    return CompressedNetwork(
        network_name="lenet_300_100",
        tensors={name: FloatTensor(values=tensor.numpy()) for name, tensor in state.items()},
    )


def test_a_decoded_network_is_judged_like_the_one_that_was_encoded() -> None:
    network = load_compressed(decode(encode(float_network())))
    assert not network.training
    assert error(network, small_data().test) == small_reference().test_error


def test_clustered_and_uniform_tensors_become_their_values() -> None:
    indices = np.zeros((300, 784), np.int32)
    indices[3, 5] = 1
    compressed = CompressedNetwork(
        network_name="lenet_300_100",
        tensors={
            **float_network().tensors,
            "hidden1.weight": ClusteredTensor(
                indices=indices, codebook=np.array([0, 0.25], np.float32)
            ),
            "output.bias": UniformTensor(
                levels=np.arange(-5, 5, dtype=np.int32), step=0.5, num_bits=4
            ),
        },
    )
    state = load_compressed(compressed).state_dict()
    assert state["hidden1.weight"].nonzero().tolist() == [[3, 5]]
    assert state["hidden1.weight"][3, 5] == 0.25
    assert state["output.bias"].tolist() == [level / 2 for level in range(-5, 5)]


def test_a_file_of_an_unknown_network_lists_the_known_ones() -> None:
    unknown = CompressedNetwork(network_name="alexnet", tensors={})
    with pytest.raises(DataError, match=r"holds the network alexnet, but .*lenet_300_100"):
        load_compressed(unknown)


def test_a_file_with_other_tensors_is_refused_in_one_line() -> None:
    tensors = dict(float_network().tensors)
    del tensors["output.bias"]
    with pytest.raises(DataError, match=r"does not hold a lenet_300_100: .*output\.bias") as caught:
        load_compressed(CompressedNetwork(network_name="lenet_300_100", tensors=tensors))
    assert "\n" not in str(caught.value)
