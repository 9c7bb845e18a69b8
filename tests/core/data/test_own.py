"""Somebody's own data: arrays, tensors, torch's data sets, brought into three parts."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from core.data import own_data
from core.errors import ConfigError, DataError

INPUTS = torch.arange(24.0).reshape(6, 4)
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


class Stream(IterableDataset):
    """Pairs without end."""

    def __iter__(self) -> Iterator[tuple[torch.Tensor, int]]:
        while True:
            yield INPUTS[0], 0


class Pictures(Dataset):
    """Items are an array and a plain number."""

    def __len__(self) -> int:
        return len(INPUTS)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return INPUTS[index].numpy().astype(np.float64), int(LABELS[index])


@pytest.mark.parametrize(
    "part",
    [
        (INPUTS, LABELS),
        [INPUTS.double(), LABELS.to(torch.uint8)],
        (INPUTS.numpy(), LABELS.numpy()),
        (INPUTS.tolist(), LABELS.tolist()),
        TensorDataset(INPUTS, LABELS),
        Pictures(),
        DataLoader(TensorDataset(INPUTS, LABELS), batch_size=4, shuffle=True),
    ],
)
def test_a_part_may_come_in_many_forms(part: object) -> None:
    data = own_data("mine", (part, part, part), num_validation=1)
    for split in (data.train, data.validation, data.test):
        assert torch.equal(split.inputs, INPUTS)
        assert torch.equal(split.labels, LABELS)
    assert data.num_classes == 3
    same = own_data("other", {"train": part, "validation": part, "test": part}, num_validation=1)
    assert data.fingerprint == same.fingerprint


def test_validation_is_split_off_the_training_examples_where_it_is_not_given() -> None:
    pair = (INPUTS, LABELS)
    for parts in ((pair, pair), {"train": pair, "test": pair}):
        data = own_data("mine", parts, num_validation=2)
        assert len(data.train) == 4
        assert torch.equal(data.validation.inputs, INPUTS[4:])
    with pytest.raises(ConfigError, match=r"data.num_validation must be below the 6 training"):
        own_data("mine", (pair, pair), num_validation=6)


def test_whole_numbers_stay_whole_as_tokens_do() -> None:
    tokens = torch.arange(12, dtype=torch.int16).reshape(6, 2)
    data = own_data("mine", ((tokens, LABELS), (tokens, LABELS)), num_validation=1)
    assert data.test.inputs.dtype == torch.int64


def test_the_fingerprint_knows_every_value_and_label() -> None:
    pair = (INPUTS, LABELS)
    prints = {
        own_data("mine", (pair, changed), num_validation=1).fingerprint
        for changed in (pair, (INPUTS + 1, LABELS), (INPUTS, LABELS.flip(0)))
    }
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (5, "must be .train, validation, test. or .train, test., .* but is a int"),
        ({"train": 1, "valid": 2}, r"but is \['train', 'valid'\]"),
        (((INPUTS, LABELS), 3), "part test must be a pair of inputs and labels, .* is a int"),
        (((INPUTS, LABELS[:5]), (INPUTS, LABELS)), "inputs are 6x4 of float32 and its labels 5 of"),
        (((INPUTS[:0], LABELS[:0]), (INPUTS, LABELS)), "at least one input"),
        (((INPUTS, LABELS.float()), (INPUTS, LABELS)), "one class from 0 .* 6 of float32"),
        (((INPUTS, LABELS - 1), (INPUTS, LABELS)), "one class from 0 .* the lowest is -1"),
        (((INPUTS / 0, LABELS), (INPUTS, LABELS)), "must be finite"),
        (((INPUTS[:, :2], LABELS), (INPUTS, LABELS)), "alike, but those of train are 5x2 of"),
        ((Stream(), (INPUTS, LABELS)), "is a stream of them"),
        ((([[1.0], [1.0, 2.0]], [0, 1]), (INPUTS, LABELS)), "must be arrays of numbers"),
        (((INPUTS.to(torch.complex64), LABELS), (INPUTS, LABELS)), "must be numbers, but are 6x4"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(parts: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        own_data("mine", parts, num_validation=1)
    assert "\n" not in str(caught.value)
