"""Magnitude pruning: the schedule, the choice of weights, and a small network that survives it."""

from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.errors import ConfigError, RetrainError
from core.evaluation import error
from core.methods.magnitude_pruning import Pruning, PruningConfig, largest, sparsity
from core.methods.training import train
from core.outcome import EpochReport
from core.retraining import FlatWeights
from tests.core.methods.beginnings import beginning, retrain_config
from tests.data_sets import small_data, small_reference

NUM_EPOCHS = 6


@cache
def pruned(share: float, seed: int = 0) -> tuple[nn.Module, FlatWeights, torch.Tensor, list]:
    reports: list[EpochReport] = []
    start, weights = beginning(NUM_EPOCHS, reports)
    pruning = Pruning(weights, PruningConfig(sparsity=share, interval=7))
    train(start, weights, retrain_config(NUM_EPOCHS, lr_weights=5e-3, seed=seed), "prune", pruning)
    return start.network, weights, pruning.kept, reports


def two_layers() -> FlatWeights:
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    weights = FlatWeights.from_network(network)
    weights.values.copy_(torch.tensor([0.4, -0.3, 0.2, -0.1, 0.04, -0.01]))
    return weights


def test_the_mask_has_the_sparsity_asked_for_and_the_other_weights_are_zero():
    _, weights, mask, _ = pruned(0.97)
    assert int(mask.sum()) == round(0.03 * mask.numel())
    assert torch.equal(weights.values != 0, mask)


def test_pruned_in_steps_a_network_works_where_pruned_at_once_it_does_not():
    network, _, _, reports = pruned(0.97)
    found = error(network, small_data().validation)
    assert found == reports[-1].validation_error
    at_once = small_reference().build()
    weights = FlatWeights.from_network(at_once)
    config = PruningConfig(layer_scaling=0.0)
    everything = torch.ones_like(weights.values, dtype=torch.bool)
    weights.values.mul_(largest(weights, everything, 0.97, config))
    assert found < 0.15
    assert error(at_once, small_data().validation) > 0.4


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    _, weights, mask, _ = pruned(0.97)
    pruned.cache_clear()
    _, again, same_mask, _ = pruned(0.97)
    assert torch.equal(again.values, weights.values)
    assert torch.equal(same_mask, mask)
    assert not torch.equal(pruned(0.97, seed=1)[2], mask)


def test_every_epoch_is_reported_with_fewer_weights():
    reports = pruned(0.97)[3]
    assert [report.phase for report in reports] == ["prune"] * NUM_EPOCHS
    shares = [report.nonzero_fraction for report in reports]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0.03, abs=1e-4)


def test_the_schedule_is_cubic_between_its_ends():
    config = PruningConfig(sparsity=0.8, start=0.2, end=0.6)
    assert sparsity(0.1, config) == 0
    assert sparsity(0.4, config) == pytest.approx(0.8 * (1 - 0.5**3))
    assert sparsity(0.6, config) == pytest.approx(0.8)
    assert sparsity(0.9, config) == pytest.approx(0.8)


@given(early=st.floats(0, 1), late=st.floats(0, 1))
def test_sparsity_never_falls(early, late):
    config = PruningConfig(start=0.1, end=0.9)
    early, late = sorted((early, late))
    assert 0 <= sparsity(early, config) <= sparsity(late, config) <= config.sparsity


def test_without_layer_scaling_the_largest_weights_of_all_layers_stay():
    weights = two_layers()
    mask = largest(weights, torch.ones(6).bool(), 0.5, PruningConfig(layer_scaling=0.0))
    assert mask.tolist() == [True, True, True, False, False, False]


def test_with_layer_scaling_a_weight_is_large_for_its_layer():
    weights = two_layers()
    mask = largest(weights, torch.ones(6).bool(), 0.5, PruningConfig(layer_scaling=1.0))
    assert mask.tolist() == [True, True, False, False, True, False]
    scaled = two_layers()
    scaled.values[4:] *= 1e3
    assert torch.equal(
        largest(scaled, torch.ones(6).bool(), 0.5, PruningConfig(layer_scaling=1.0)), mask
    )


def test_a_pruned_weight_never_returns_and_one_weight_always_stays():
    weights = two_layers()
    kept = torch.tensor([False, True, True, True, False, True])
    config = PruningConfig(layer_scaling=0.0)
    assert torch.equal(largest(weights, kept, 0.1, config), kept)
    mask = largest(weights, kept, 0.5, config)
    assert mask.tolist() == [False, True, True, True, False, False]
    assert int(largest(weights, kept, 0.999, config).sum()) == 1


def test_a_network_without_weights_is_refused():
    start, _ = beginning(1, [])
    nothing = FlatWeights.from_network(nn.Flatten())
    with pytest.raises(RetrainError, match="no weight that can be compressed"):
        train(start, nothing, retrain_config(1), "prune", Pruning(nothing, PruningConfig()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sparsity": 1.0}, "pruning.sparsity must be > 0 and < 1, but got 1.0"),
        (
            {"start": 0.8},
            "pruning.start must be in .* below method.magnitude_pruning.end, but got 0.8 with",
        ),
        ({"interval": 0}, "pruning.interval must be >= 1, but got 0"),
        ({"layer_scaling": -0.5}, r"pruning.layer_scaling must be in \[0, 1\], but got -0.5"),
    ],
)
def test_a_wrong_configuration_names_key_rule_and_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        PruningConfig(**changes)
