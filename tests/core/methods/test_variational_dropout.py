"""Variational dropout: its divergence against integration, slopes and noise against autograd."""

import math

import pytest
import torch
from torch import nn

from core.errors import ConfigError
from core.methods.noise import WeightNoise, output_variance
from core.methods.training import train
from core.methods.variational_dropout import (
    TINY,
    Posterior,
    VariationalDropoutConfig,
    kl_divergence,
    kl_slope,
)
from core.retraining import FlatWeights
from tests.core.methods.beginnings import beginning, retrain_config

EULER = 0.57721566490153286


def exact_divergence(log_alpha: float) -> float:
    """KL of N(1, α) from the log-uniform prior by integration, zero for large α.

    KL = E log|w| - ½ log α + constant (Molchanov et al. 2017, Eq. 13). For large α the mean tends
    to ½ log α - ½ (Euler's constant + log 2), which the constant makes up for.
    """
    std = math.exp(log_alpha / 2)
    places = torch.linspace(-12, 12, 2_000_001, dtype=torch.float64)
    density = torch.exp(-places.square() / 2) / math.sqrt(2 * math.pi)
    weights = 1 + std * places
    logarithm = torch.log(weights.abs() + 1e-300).clamp_min(-30)  # integrable at zero
    mean = float(torch.trapezoid(density * logarithm, places))
    return mean - log_alpha / 2 + (EULER + math.log(2)) / 2


@pytest.mark.parametrize("log_alpha", [-6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0])
def test_the_approximate_divergence_is_the_integrated_one(log_alpha):
    approximate = float(kl_divergence(torch.tensor([log_alpha], dtype=torch.float64)))
    assert approximate == pytest.approx(exact_divergence(log_alpha), abs=0.01)


def test_the_slope_is_that_of_the_divergence_and_never_positive():
    log_alpha = torch.linspace(-8, 8, 101, dtype=torch.float64, requires_grad=True)
    kl_divergence(log_alpha).sum().backward()
    slope = kl_slope(log_alpha.detach())
    torch.testing.assert_close(slope, log_alpha.grad)
    assert bool((slope <= 0).all())


def test_the_gradients_of_the_divergence_are_autograds():
    start, weights = beginning(1, [])
    config = VariationalDropoutConfig(kl_weight=2.0, kl_warm_up=0.5)
    posterior = Posterior(start, weights, config, seed=0)
    torch.manual_seed(0)
    with torch.no_grad():
        posterior.log_variances.uniform_(-12, 2)
    weights.zero_gradient()
    of_log_variances = torch.zeros_like(weights.values)
    for done in range(posterior.num_parts):  # each adds its part
        posterior.noise.gradient.zero_()
        posterior.before_step(done, posterior.num_parts)
        posterior.add_gradients(0.25)
        of_log_variances += posterior.noise.gradient / posterior.num_parts
    weights.gradient.div_(posterior.num_parts)
    theta = weights.values.clone().requires_grad_()
    log_variances = posterior.log_variances.detach().clone().requires_grad_()
    log_alpha = (log_variances - (theta.square() + TINY).log()).clamp(-8, 8)
    (0.5 * 2.0 / len(start.training_set) * kl_divergence(log_alpha).sum()).backward()
    torch.testing.assert_close(weights.gradient, theta.grad, rtol=1e-4, atol=1e-9)
    torch.testing.assert_close(of_log_variances, log_variances.grad, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(6, 4), (1, 6)),
        (nn.Conv2d(2, 3, 3, stride=2, padding=1), (1, 2, 5, 5)),
    ],
)
def test_outputs_vary_as_those_of_layers_with_drawn_weights_do(layer, shape):
    torch.manual_seed(0)
    inputs, variances = torch.randn(shape), torch.rand(layer.weight.shape)
    means, drawn = layer.weight.detach().clone(), []
    with torch.no_grad():
        expected = output_variance(layer, inputs, variances)
        for _ in range(4000):
            layer.weight.copy_(means + variances.sqrt() * torch.randn_like(means))
            drawn.append(layer(inputs))
    torch.testing.assert_close(torch.stack(drawn).var(dim=0), expected, rtol=0.15, atol=0.02)


def test_noise_is_added_in_training_alone_and_its_gradient_reaches_the_variances():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))
    weights = FlatWeights.from_network(network)
    log_variances = nn.Parameter(torch.full_like(weights.values, -2.0))
    inputs = torch.randn(16, 1, 2, 4)
    noise = WeightNoise(network, weights, log_variances, inputs, seed=1)
    plain = network.eval()(inputs)
    with noise.added():
        assert torch.equal(network.eval()(inputs), plain)
        first = network.train()(inputs)
        state = noise.state()
        second = network(inputs)
        noise.restore(state)
        assert torch.equal(network(inputs), second)
        assert not torch.equal(first, second)
        noise.zero_gradient()
        network(inputs).square().sum().backward()
    assert torch.equal(network.train()(inputs), plain)
    assert log_variances.grad is noise.gradient
    assert bool((noise.gradient != 0).any(dim=0))


def test_a_small_network_loses_most_weights_to_noise_and_still_works():
    reports = []
    start, weights = beginning(6, reports)
    config = VariationalDropoutConfig(kl_weight=0.3, kl_warm_up=0.2, lr_log_variances=5e-2)
    posterior = Posterior(start, weights, config, seed=0)
    with posterior.noise.added():
        train(start, weights, retrain_config(6), "variational", posterior)
    kept = posterior.kept()
    assert reports[-1].nonzero_fraction == pytest.approx(float(kept.float().mean()))
    assert reports[-1].nonzero_fraction < 0.3
    assert reports[-1].validation_error < 0.1
    assert reports[-1].complexity_loss == pytest.approx(posterior.complexity_loss())


def test_the_surest_weight_always_stays():
    start, weights = beginning(1, [])
    posterior = Posterior(start, weights, VariationalDropoutConfig(), seed=0)
    with torch.no_grad():
        posterior.log_variances.fill_(20.0)
    assert bool(posterior.kept().any())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kl_weight": 0.0}, r"variational_dropout.kl_weight must be > 0, but got 0.0"),
        ({"kl_warm_up": 2.0}, r"variational_dropout.kl_warm_up must be in \[0, 1\], but got 2.0"),
        ({"max_log_alpha": 8.0}, r"max_log_alpha must be between -8 and 8, but got 8.0"),
    ],
)
def test_a_wrong_configuration_names_key_rule_and_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        VariationalDropoutConfig(**changes)
