from dataclasses import replace

import pytest
import torch

from core.errors import ConfigError
from core.networks import description
from core.reference import ReferenceConfig, train_reference
from tests.data_sets import SMALL_REFERENCE, mnist_reference, small_data, small_reference

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
        ("seed", -1, ">= 0"),
    ],
)
def test_a_wrong_value_names_key_and_rule(key: str, value: float, rule: str) -> None:
    with pytest.raises(ConfigError, match=f"reference.{key} must be {rule}, but got {value}"):
        ReferenceConfig(**{key: value})
