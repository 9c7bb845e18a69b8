"""Bayesian compression: divergences and variances against closed forms, slopes against autograd."""

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.distributions import kl_divergence as exact_divergence

from core.errors import ConfigError
from core.methods.bayesian_compression import (
    BayesianCompressionConfig,
    GroupPosterior,
    alive,
    log_alpha,
    posterior_variance,
    weight_divergence,
)
from core.methods.group_noise import GroupNoise, mean_squares
from core.methods.training import train
from core.methods.variational_dropout import TINY, kl_divergence
from core.retraining import FlatWeights
from tests.core.methods.beginnings import beginning, retrain_config


def small_network() -> tuple[nn.Module, FlatWeights, GroupNoise]:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 4 * 4, 5)
    ).eval()
    weights = FlatWeights.from_network(network)
    return network, weights, GroupNoise(network, weights, -3.0, torch.rand(2, 1, 6, 6), seed=0)


def test_the_divergence_of_a_weight_is_that_of_two_normal_distributions():
    means, log_variances = torch.tensor([0.3, -1.0]), torch.tensor([-2.0, 0.5])
    units = torch.tensor([0.25, 4.0])
    expected = exact_divergence(
        Normal(means, (0.5 * log_variances).exp()), Normal(torch.zeros(2), units.sqrt())
    )
    torch.testing.assert_close(weight_divergence(means, log_variances, units), expected)


def test_the_gradients_of_the_divergence_are_autograds():
    start, weights = beginning(1, [])
    config = BayesianCompressionConfig(kl_weight=2.0, kl_warm_up=0.5)
    posterior = GroupPosterior(start, weights, config, seed=0)
    layers = posterior.noise.layers
    with torch.no_grad():
        posterior.noise.log_variances.add_(torch.randn(weights.values.numel()))
        for layer in layers:
            layer.scales.add_(0.3 * torch.randn_like(layer.scales))
    posterior.before_step(0, 1)
    weights.zero_gradient()
    for layer in layers:
        layer.scales.grad = torch.zeros_like(layer.scales)
        layer.log_scale_variances.grad = torch.zeros_like(layer.log_scale_variances)
    posterior.add_gradients(0.25)

    means = weights.values.clone().requires_grad_()
    log_variances = posterior.noise.log_variances.detach().clone().requires_grad_()
    scales = [layer.scales.detach().clone().requires_grad_() for layer in layers]
    loss = weight_divergence(means, log_variances, posterior._units).sum()
    for layer, scale in zip(layers, scales, strict=True):
        found = layer.log_scale_variances.detach() - (scale.square() + TINY).log()
        loss = loss + kl_divergence(found.clamp(-8, 8)).sum()
    assert float(loss.detach()) == pytest.approx(posterior.complexity_loss(), rel=1e-5)
    (loss * 0.5 * 2.0 / len(start.training_set)).backward()
    torch.testing.assert_close(weights.gradient, means.grad, rtol=1e-4, atol=1e-9)
    torch.testing.assert_close(posterior.noise.gradient, log_variances.grad, rtol=1e-4, atol=1e-7)
    for layer, scale in zip(layers, scales, strict=True):
        torch.testing.assert_close(layer.scales.grad, scale.grad, rtol=1e-4, atol=1e-9)


def test_outputs_vary_as_the_posterior_of_scaled_weights_says():
    network, _, noise = small_network()
    layer, inputs = noise.layers[1], torch.rand(1, 48)
    with torch.no_grad():
        layer.scales.uniform_(0.5, 1.5)
        expected = inputs.square() @ posterior_variance(layer).T
        bias = network[3].bias
        mean = inputs @ (layer.by_weight(layer.scales) * layer.weights).T + bias
        with noise.added():
            layers = network.train()[3]
            drawn = torch.cat([layers(inputs) for _ in range(4000)])
    torch.testing.assert_close(drawn.var(dim=0)[None], expected, rtol=0.12, atol=1e-4)
    torch.testing.assert_close(drawn.mean(dim=0)[None], mean, rtol=0.05, atol=0.02)


def test_a_filters_scale_leaves_its_bias_alone_and_at_the_start_nothing_changes():
    network, _, noise = small_network()
    images = torch.rand(7, 1, 6, 6)
    plain = network(images)
    layer = noise.layers[0]
    with noise.added(), torch.no_grad():
        torch.testing.assert_close(network(images), plain)
        layer.scales.fill_(2.0)
        doubled = network[0](images)
    layer.weights.mul_(2.0)
    torch.testing.assert_close(network[0](images), doubled.detach())


def test_groups_are_the_filters_of_a_convolution_and_the_inputs_of_a_full_layer():
    _, _, noise = small_network()
    assert [len(layer.scales) for layer in noise.layers] == [3, 48]
    filters, inputs = noise.layers
    expected = filters.weights[1].square().mean()
    assert float(mean_squares(filters)[1]) == pytest.approx(float(expected))
    assert float(mean_squares(inputs)[9]) == pytest.approx(
        float(inputs.weights[:, 9].square().mean())
    )


def test_a_network_settles_at_rounded_mean_weights_without_the_groups_that_are_noise():
    start, weights = beginning(1, [])
    config = BayesianCompressionConfig(rounding=1.0, initial_log_variance=-4.0)
    posterior = GroupPosterior(start, weights, config, seed=0)
    first = posterior.noise.layers[0]
    with torch.no_grad():
        first.scales.fill_(1.5)
        first.log_scale_variances[:700] = 3.0
    stays = alive(first, config.max_log_alpha)
    assert (int(stays.sum()), float(log_alpha(first)[0])) == (84, pytest.approx(3 - 0.81, abs=0.01))
    assert posterior.nonzero_fraction() == pytest.approx((84 * 300 + 31_000) / 266_200)
    variance = float(posterior_variance(first)[:, stays].mean())
    before = first.weights.clone()
    tensors = posterior.settle()
    decoded = tensors[0].codebook[tensors[0].indices]
    assert not decoded[:, ~stays].any()
    error = decoded[:, stays] - 1.5 * before[:, stays]
    step = (12 * variance) ** 0.5
    assert float(error.abs().max()) <= 0.5001 * step
    assert torch.equal(first.weights, 1.5 * before * stays)


def test_a_small_network_is_compressed_and_still_works():
    reports = []
    start, weights = beginning(6, reports)
    config = BayesianCompressionConfig(kl_weight=0.1, kl_warm_up=0.2, lr_posterior=3e-2)
    posterior = GroupPosterior(start, weights, config, seed=0)
    with posterior.noise.added():
        train(start, weights, retrain_config(6), "variational", posterior)
    assert reports[-1].nonzero_fraction < 0.9
    assert reports[-1].validation_error < 0.1
    assert reports[-1].complexity_loss < reports[0].complexity_loss


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounding": 0.0}, r"bayesian_compression.rounding must be > 0, but got 0.0"),
        ({"max_log_alpha": 9.0}, r"max_log_alpha must be between -8 and 8, but got 9.0"),
    ],
)
def test_a_wrong_configuration_names_key_rule_and_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        BayesianCompressionConfig(**changes)
