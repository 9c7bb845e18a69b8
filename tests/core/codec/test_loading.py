from pathlib import Path

import numpy as np
import pytest
import torch

from core.codec import ClusteredTensor, CompressedNetwork, UniformTensor, encode, load, load_into
from core.errors import CodecError, DataError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    indices = (np.arange(15).reshape(3, 5) % 3).astype(np.int32)
    tensors = {
        "weight": ClusteredTensor(indices, np.float32([0, -0.5, 1.5])),
        "bias": UniformTensor(np.array([-2, 0, 1], np.int32), 0.25, 5),
    }
    target = tmp_path / "layer.sws"
    target.write_bytes(encode(CompressedNetwork("layer", tensors)))
    return target


def test_a_file_is_a_state_dict_in_one_line(path: Path) -> None:
    state = load(path)
    assert list(state) == ["weight", "bias"]
    assert state["weight"][1].tolist() == [1.5, 0, -0.5, 1.5, 0]
    assert state["bias"].tolist() == [-0.5, 0, 0.25]
    assert state["bias"].dtype == torch.float32


def test_a_model_gets_its_weights_and_is_ready(path: Path) -> None:
    model = torch.nn.Linear(5, 3)
    assert load_into(model, path) is model
    assert not model.training
    assert model(torch.zeros(1, 5)).tolist() == [[-0.5, 0, 0.25]]


def test_another_model_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"does not hold this model: .*weight"):
        load_into(torch.nn.Linear(4, 3), path)


def test_a_damaged_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CodecError, match="damaged or cut short"):
        load(path)
