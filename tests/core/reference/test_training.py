from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.data import DataConfig, DataSource, load_data
from core.errors import ConfigError, RetrainError
from core.evaluation import error
from core.networks import description
from core.reference import ReferenceConfig, ReferenceNetwork, train_reference
from tests.data_sets import (
    SMALL_REFERENCE,
    mnist_reference,
    small_data,
    small_reference,
    write_cifar_folder,
)

LENET = description("lenet_300_100")
ONE_EPOCH = ReferenceConfig(num_epochs=1)


def test_the_reference_on_mnist_is_as_good_as_published_ones() -> None:
    # the paper starts from 1.89 % (its table 1)
    assert mnist_reference().test_error <= 0.019
    assert mnist_reference().validation_error <= 0.019


def test_it_learns_far_beyond_chance() -> None:
    assert small_reference().validation_error < 0.1
    assert small_reference().test_error < 0.1


def test_equal_arguments_give_equal_bytes() -> None:
    first, second = (train_reference(LENET, small_data(), ONE_EPOCH) for _ in range(2))
    assert first.to_bytes() == second.to_bytes()


def test_the_seed_matters() -> None:
    first = train_reference(LENET, small_data(), ONE_EPOCH)
    second = train_reference(LENET, small_data(), replace(ONE_EPOCH, seed=1))
    assert first.to_bytes() != second.to_bytes()


def test_the_global_generator_is_left_as_it_was() -> None:
    before = torch.random.get_rng_state()
    train_reference(LENET, small_data(), ONE_EPOCH)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_dropout_takes_part_in_the_training() -> None:
    without = train_reference(LENET, small_data(), replace(ONE_EPOCH, dropout=0.0))
    assert without.to_bytes() != train_reference(LENET, small_data(), ONE_EPOCH).to_bytes()


@pytest.mark.parametrize(
    "switch",
    [{"weight_decay": 0.1}, {"augment_shift": 1}, {"augment_flip": True}, {"bfloat16": True}],
)
def test_each_switch_takes_part_in_the_training(switch: dict[str, float]) -> None:
    plain = train_reference(LENET, small_data(), ONE_EPOCH).to_bytes()
    first, second = (
        train_reference(LENET, small_data(), replace(ONE_EPOCH, **switch)).to_bytes()
        for _ in range(2)
    )
    assert first == second != plain


def test_a_residual_network_learns_colour_images(tmp_path: Path) -> None:
    folder = write_cifar_folder(tmp_path, "binary")
    config = DataConfig(source=DataSource.cifar10, dir=str(folder), num_validation=20)
    data = load_data(config, tmp_path)
    settings = ReferenceConfig(num_epochs=1, batch_size=15, augment_shift=4, augment_flip=True)
    trained = train_reference(description("wrn_16_4"), data, settings)
    assert trained.num_parameters == 2_748_890
    assert trained.state["norm.num_batches_tracked"] == 2
    read = ReferenceNetwork.from_bytes(trained.to_bytes())
    assert error(read.build(), data.test) == trained.test_error


def test_an_exhausted_gpu_is_one_line() -> None:
    class Hungry(nn.Linear):
        def forward(self, _inputs: Tensor) -> Tensor:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB. GPU 0")

    network = replace(LENET, build=lambda: Hungry(784, 10), dropout_after=())
    with pytest.raises(RetrainError, match=r"reference\.batch_size must be small .* got 128"):
        train_reference(network, small_data(), ONE_EPOCH)


def test_each_epoch_is_reported_with_its_validation_error() -> None:
    reports: list[tuple[int, int, float]] = []
    config = replace(SMALL_REFERENCE, num_epochs=3)
    trained = train_reference(LENET, small_data(), config, lambda *report: reports.append(report))
    assert [report[:2] for report in reports] == [(1, 3), (2, 3), (3, 3)]
    assert reports[-1][2] == trained.validation_error


def test_watching_changes_nothing() -> None:
    watched = train_reference(LENET, small_data(), ONE_EPOCH, lambda *_: None)
    assert watched.to_bytes() == train_reference(LENET, small_data(), ONE_EPOCH).to_bytes()


def test_its_weights_are_ordinary_contiguous_tensors() -> None:
    for tensor in small_reference().state.values():
        assert tensor.is_contiguous()
        assert tensor.dtype == torch.float32
        assert not tensor.is_inference()
        assert not tensor.requires_grad


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("num_epochs", 0, ">= 1"),
        ("batch_size", 0, ">= 1"),
        ("lr", 0.0, "> 0"),
        ("lr", float("nan"), "> 0"),
        ("dropout", 1.0, ">= 0 and < 1"),
        ("weight_decay", -0.1, ">= 0"),
        ("augment_shift", -1, ">= 0"),
        ("seed", -1, ">= 0"),
    ],
)
def test_a_wrong_value_names_key_and_rule(key: str, value: float, rule: str) -> None:
    with pytest.raises(ConfigError, match=f"reference.{key} must be {rule}, but got {value}"):
        ReferenceConfig(**{key: value})
