"""Information dropout: divergences against integration, its noise, and what it leaves."""

import math
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.distributions import kl_divergence as exact_divergence

from core.errors import ConfigError
from core.networks import description
from core.reference import (
    ActivationPrior,
    InformationDropoutConfig,
    ReferenceConfig,
    train_reference,
)
from core.reference.cache import _settings
from core.reference.information_dropout import (
    LEAST_ALPHA,
    InformationDropout,
    log_normal_divergence,
    log_uniform_divergence,
)
from tests.data_sets import SMALL_REFERENCE, small_data

LENET = description("lenet_300_100")


def integrated(activation: float, alpha: float, log_prior: Any) -> float:
    """KL of a log-normal z = ε f(x) by integration over log z, of which the prior is given."""
    places = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    log_z = math.log(activation) + alpha * places
    density = torch.exp(-places.square() / 2) / math.sqrt(2 * math.pi)
    logarithm = -places.square() / 2 - math.log(alpha * math.sqrt(2 * math.pi))
    return float(torch.trapezoid(density * (logarithm - log_prior(log_z)), places))


def doubles(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("activation", [0.02, 1.0, 30.0])
@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.7])
def test_the_divergence_from_a_log_normal_prior_is_the_integrated_one(activation, alpha):
    mean, std = 0.4, 1.7

    def log_prior(log_z):
        return -(((log_z - mean) / std) ** 2) / 2 - math.log(std * math.sqrt(2 * math.pi))

    found = log_normal_divergence(doubles(activation), doubles(alpha), *doubles(mean, std))
    assert float(found) == pytest.approx(integrated(activation, alpha, log_prior), abs=1e-6)


@pytest.mark.parametrize("activation", [0.02, 30.0])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_the_divergence_from_a_log_uniform_prior_is_the_integrated_one(activation, alpha):
    """Up to a constant: it is held against what the largest α has, whatever the prior's width."""

    def log_prior(log_z):
        return torch.full_like(log_z, -math.log(100.0))

    largest = LEAST_ALPHA + 0.7
    expected = integrated(activation, alpha, log_prior) - integrated(1.0, largest, log_prior)
    found = log_uniform_divergence(doubles(activation), doubles(alpha), 0.7)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_an_activation_of_zero_tells_the_same_whatever_its_noise():
    found = log_uniform_divergence(torch.zeros(2), torch.tensor([0.01, 0.7]), 0.7)
    assert found.tolist() == [0, 0]


def test_the_divergence_from_a_log_normal_prior_is_that_of_normal_logarithms():
    activations, alphas = torch.rand(5) + 0.1, torch.rand(5) + 0.1
    mean, std = torch.tensor(-0.3), torch.tensor(0.8)
    expected = exact_divergence(Normal(activations.log(), alphas), Normal(mean, std))
    found = log_normal_divergence(activations, alphas, mean, std)
    torch.testing.assert_close(found, expected)


def noisy(**changes: Any) -> tuple[nn.Sequential, InformationDropout]:
    torch.manual_seed(0)
    network = nn.Sequential(
        OrderedDict(hidden=nn.Linear(4, 6), relu=nn.ReLU(), output=nn.Linear(6, 3))
    )
    config = InformationDropoutConfig(**{"beta": 10.0, **changes})
    return network, InformationDropout(network, ["relu"], config, num_examples=100)


def test_the_logarithm_of_the_noise_has_the_predicted_spread():
    network, noise = noisy()
    head = noise.heads[0]
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.linspace(-2, 2, 6))
    seen = []
    network.output.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    inputs = torch.randn(1, 4).expand(20_000, 4)
    with noise.added(), torch.no_grad():
        noise.step(0.0)
        network.train()(inputs)
        activations = torch.relu(network.hidden(inputs))
    alive = activations[0] > 0
    logarithms = (seen[0][:, alive] / activations[:, alive]).log()
    alphas = LEAST_ALPHA + 0.7 * torch.linspace(-2, 2, 6).sigmoid()
    torch.testing.assert_close(logarithms.std(dim=0), alphas[alive], rtol=0.03, atol=0)
    assert float(logarithms.mean(dim=0).abs().max()) < 0.02
    divergences = log_uniform_divergence(activations[0], alphas, 0.7)
    assert float(noise.loss()) == pytest.approx(10 / 100 * float(divergences.sum()), rel=1e-4)


def test_softplus_activations_sharpen_to_the_rectifiers_of_the_network():
    network, noise = noisy(prior=ActivationPrior.log_normal, max_alpha=1e-6)
    inputs = torch.randn(50, 4)
    plain = network.eval()(inputs).detach()
    gaps = []
    with noise.added(), torch.no_grad():
        for fraction in (0.0, 0.5, 1.0):
            noise.step(fraction)
            gaps.append(float((network.train()(inputs) - plain).abs().max()))
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.02


@pytest.mark.parametrize("prior", list(ActivationPrior))
def test_there_is_noise_in_training_alone_and_its_weight_reaches_the_heads(prior):
    network, noise = noisy(prior=prior)
    inputs = torch.randn(8, 4)
    plain = network.eval()(inputs)
    with noise.added():
        assert torch.equal(network.eval()(inputs), plain)
        noise.step(0.5)
        assert not torch.equal(network.train()(inputs), plain)
        noise.loss().backward()
    assert torch.equal(network.train()(inputs), plain)
    assert all(bool((parameter.grad != 0).any()) for parameter in noise.parameters())


@pytest.mark.parametrize("prior", list(ActivationPrior))
def test_it_leaves_a_network_like_any_other_that_has_learnt(prior):
    noise = InformationDropoutConfig(beta=0.1, prior=prior)
    config = replace(SMALL_REFERENCE, information_dropout=noise)
    trained = train_reference(LENET, small_data(), config)
    assert trained.state.keys() == LENET.build().state_dict().keys()
    assert trained.validation_error < 0.1
    again = train_reference(LENET, small_data(), config)
    assert again.to_bytes() == trained.to_bytes()


def test_without_weight_nothing_of_it_is_in_the_key_of_the_cache():
    off = ReferenceConfig(information_dropout=InformationDropoutConfig(max_alpha=0.3))
    assert _settings(off) == _settings(ReferenceConfig())
    keys = [
        _settings(ReferenceConfig(information_dropout=InformationDropoutConfig(**changes)))
        for changes in (
            {"beta": 1.0},
            {"beta": 2.0},
            {"beta": 1.0, "prior": ActivationPrior.log_normal},
            {"beta": 1.0, "max_alpha": 0.3},
        )
    ]
    assert len({str(key) for key in keys} | {str(_settings(off))}) == 5


@pytest.mark.parametrize("network", ["wrn_16_4"])
def test_a_network_without_activations_for_it_is_refused(network):
    described = description(network)
    config = ReferenceConfig(information_dropout=InformationDropoutConfig(beta=1.0))
    with pytest.raises(ConfigError, match=r"information_dropout\.beta must be 0 for a network"):
        train_reference(described, small_data(), config)


def test_an_activation_of_no_layer_is_refused():
    network = nn.Sequential(OrderedDict(relu=nn.ReLU(), output=nn.Linear(4, 3)))
    config = InformationDropoutConfig(beta=1.0)
    with pytest.raises(ConfigError, match=r"whose relu follows no linear layer"):
        InformationDropout(network, ["relu"], config, num_examples=10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beta": -1.0}, r"information_dropout.beta must be >= 0, but got -1.0"),
        ({"max_alpha": 0.0}, r"information_dropout.max_alpha must be > 0, but got 0.0"),
    ],
)
def test_a_wrong_configuration_names_key_rule_and_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        InformationDropoutConfig(**changes)
