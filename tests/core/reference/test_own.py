"""Somebody's checkpoint: every form it may have, and why another does not fit."""

import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from core.data import Data, own_data
from core.errors import ConfigError, DataError, RetrainError
from core.factories import CodeConfig
from core.networks import NetworkConfig
from core.reference.own import reference_from_checkpoint
from core.reference.weights_file import read_weights
from digits.data import make_data
from digits.nets import make_convolutional
from digits.train import train

CODE = CodeConfig(allowed=["digits"])
NET = "digits.nets:make_convolutional"


@pytest.fixture(scope="module")
def data() -> Data:
    return own_data("digits", make_data(), num_validation=1)


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    network, _ = train("convolutional", num_epochs=2)
    return dict(network.state_dict())


def load(path: Path, data: Data):
    return reference_from_checkpoint(NetworkConfig(factory=NET, checkpoint=str(path)), data, CODE)


@pytest.mark.parametrize("form", ["plain", "nested", "parallel", "safetensors"])
def test_a_checkpoint_may_come_in_the_forms_that_people_save(
    form: str, data: Data, state: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / ("net.safetensors" if form == "safetensors" else "net.pt")
    if form == "safetensors":
        safetensors.torch.save_file({n: t.contiguous() for n, t in state.items()}, path)
    elif form == "nested":
        torch.save({"epoch": 3, "model_state_dict": state, "optimizer": {"lr": 0.1}}, path)
    else:
        prefix = "module." if form == "parallel" else ""
        torch.save({f"{prefix}{name}": tensor for name, tensor in state.items()}, path)
    reference = load(path, data)
    assert reference.network_name == "make_convolutional"
    assert reference.validation_error < 0.5
    assert all(torch.equal(reference.state[name], tensor) for name, tensor in state.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"head.bias": None, "tail.bias": torch.zeros(3)},
            "head.bias is missing; tail.bias is not the network's",
        ),
        ({"head.weight": torch.zeros(2, 3)}, "size mismatch for head.weight, 2x3 instead of 10x12"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_by_the_names_that_do_not(
    change: dict[str, Tensor | None],
    message: str,
    data: Data,
    state: dict[str, Tensor],
    tmp_path: Path,
) -> None:
    path = tmp_path / "net.pt"
    changed = {name: tensor for name, tensor in {**state, **change}.items() if tensor is not None}
    torch.save(changed, path)
    with pytest.raises(DataError, match=message) as caught:
        load(path, data)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


class Evil:
    """Would run something where it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return sys.exit, (3,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (Evil(), "model.checkpoint must hold tensors only"),
        (make_convolutional(), "model.checkpoint must hold tensors only"),
        ([1, 2], "model.checkpoint must hold a state dict, but .* holds <class 'list'>"),
        ({"epoch": 1}, r"must hold a state dict, but .* holds \['epoch'\]"),
    ],
)
def test_a_checkpoint_that_is_no_state_dict_is_refused(
    content: object, message: str, tmp_path: Path
) -> None:
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(DataError, match=message):
        read_weights(tmp_path / "net.pt")


def test_a_checkpoint_must_be_there_and_readable(data: Data, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a file that can be read, but .*none.pt: No such file"):
        load(tmp_path / "none.pt", data)
    (tmp_path / "text.safetensors").write_text("text")
    with pytest.raises(DataError, match=r"must hold tensors only, but .*text.safetensors does not"):
        load(tmp_path / "text.safetensors", data)
    with pytest.raises(ConfigError, match=r"model.checkpoint must be the file with the trained"):
        reference_from_checkpoint(NetworkConfig(factory=NET), data, CODE)


def test_a_network_that_has_learnt_nothing_is_refused(data: Data, tmp_path: Path) -> None:
    network = make_convolutional()
    with torch.no_grad():
        network.head.weight.zero_()
    torch.save(network.state_dict(), tmp_path / "net.pt")
    with pytest.raises(RetrainError, match="look at its weights, at how the inputs are scaled"):
        load(tmp_path / "net.pt", data)
