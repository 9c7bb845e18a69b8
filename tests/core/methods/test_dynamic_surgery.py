"""Dynamic surgery: the rule of Eq. 3, and a weight that is wrongly cut comes back."""

import pytest
import torch
from torch import nn

from core.errors import ConfigError
from core.methods.dynamic_surgery import (
    DynamicSurgeryConfig,
    Surgery,
    cut_and_splice,
    threshold,
)
from core.methods.training import train
from core.retraining import FlatWeights
from tests.core.methods.beginnings import beginning, retrain_config


def test_small_weights_are_cut_large_ones_spliced_and_those_between_stay():
    weights = torch.tensor([0.89, 0.89, 0.95, 0.95, 1.05, 1.05, 1.11, 1.11, -1.2])
    mask = torch.tensor([True, False, True, False, True, False, True, False, False])
    after = cut_and_splice(weights, mask, torch.ones(9))
    assert after.tolist() == [False, False, True, False, True, False, True, True, True]


def test_thresholds_lie_about_the_mean_and_the_spread_of_a_layers_magnitudes():
    assert threshold(torch.tensor([0.1, -0.3, 0.0]), 2.0) == pytest.approx(0.2 + 2 * 0.1)
    assert threshold(torch.tensor([0.1, -0.3]), -9.0) == 0
    assert threshold(torch.zeros(3), 1.0) == 0


def test_each_kind_of_layer_has_its_rate_and_the_last_one_its_own():
    _, weights = beginning(1, [])
    surgery = Surgery(weights, DynamicSurgeryConfig(c_rate=2.0, output_c_rate=0.5), seed=0)
    layers = weights.split(weights.values)
    for middle, values, rate in zip(
        weights.split(surgery.middles), layers, (2.0, 2.0, 0.5), strict=True
    ):
        assert middle.unique().tolist() == pytest.approx([threshold(values, rate)])


def fit(splices: bool) -> tuple[torch.Tensor, Surgery]:
    """Fit y = x1 + x2 from the weights 1 and 0.01, of which the second is cut at once."""
    torch.manual_seed(0)
    network = nn.Linear(2, 1, bias=False)
    weights = FlatWeights.from_network(network)
    weights.values.copy_(torch.tensor([1.0, 0.01]))
    config = DynamicSurgeryConfig(output_c_rate=0.0, gamma=0.0, stop=1.0)
    surgery = Surgery(weights, config, seed=0)
    flat = nn.Parameter(weights.values)
    flat.grad = weights.gradient
    optimiser = torch.optim.Adam([flat], lr=0.02)
    inputs = torch.randn(200, 2)
    for done in range(150):
        if splices or done == 0:
            surgery.before_step(done, 150)
        if done == 0:
            assert surgery.mask.tolist() == [True, False]
        weights.zero_gradient()
        with surgery.in_use(training=True):
            (network(inputs)[:, 0] - inputs.sum(dim=1)).square().mean().backward()
        optimiser.step()
    with surgery.in_use(training=False), torch.no_grad():
        return network(inputs)[:, 0] - inputs.sum(dim=1), surgery


def test_a_weight_that_was_wrongly_cut_is_spliced_in_again():
    residual, surgery = fit(splices=True)
    assert surgery.mask.tolist() == [True, True]
    assert float(residual.abs().max()) < 0.05
    residual, surgery = fit(splices=False)
    assert surgery.mask.tolist() == [True, False]
    assert float(residual.abs().max()) > 0.5


def test_the_network_has_the_masked_weights_and_the_latent_ones_come_back():
    _, weights = beginning(1, [])
    surgery = Surgery(weights, DynamicSurgeryConfig(), seed=0)
    surgery.before_step(0, 10)
    before = weights.values.clone()
    with surgery.in_use(training=True):
        assert torch.equal(weights.values, before * surgery.mask)
    assert torch.equal(weights.values, before)


def test_the_mask_stays_after_its_time_and_where_chance_has_it_so():
    _, weights = beginning(1, [])
    late = Surgery(weights, DynamicSurgeryConfig(stop=0.5), seed=0)
    late.before_step(5, 10)
    assert bool(late.mask.all())
    rare = Surgery(weights, DynamicSurgeryConfig(gamma=1e9), seed=0)
    for done in range(1, 5):
        rare.before_step(done, 10)
    assert bool(rare.mask.all())


def test_a_small_network_loses_most_weights_and_still_works():
    reports = []
    start, weights = beginning(6, reports)
    surgery = Surgery(weights, DynamicSurgeryConfig(c_rate=3.0), seed=0)
    train(start, weights, retrain_config(6), "surgery", surgery)
    assert [report.phase for report in reports] == ["surgery"] * 6
    assert reports[-1].nonzero_fraction < 0.2
    assert reports[-1].validation_error < 0.1
    cut = weights.values[~surgery.mask]
    assert bool((cut != 0).any())  # they are still there, to come back


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gamma": -1.0}, r"dynamic_surgery.gamma must be >= 0, but got -1.0"),
        ({"stop": 0.0}, r"dynamic_surgery.stop must be > 0 and <= 1, but got 0.0"),
    ],
)
def test_a_wrong_configuration_names_key_rule_and_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        DynamicSurgeryConfig(**changes)
