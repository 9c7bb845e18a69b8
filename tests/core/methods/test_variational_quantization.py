"""Variational quantization: its prior against the equation, its slopes against autograd."""

import math

import pytest
import torch

from core.codec import ClusteredTensor, decode
from core.compress import CompressConfig, compress
from core.errors import ConfigError
from core.methods import MethodConfig, MethodName
from core.methods.variational_dropout import K1, K2, K3, kl_divergence
from core.methods.variational_quantization import (
    TernaryPosterior,
    VariationalQuantizationConfig,
    quantizing_divergence,
    quantizing_gradients,
)
from core.post_processing import PostProcessingConfig
from core.retraining import RetrainConfig
from tests.core.methods.beginnings import beginning
from tests.data_sets import small_data, small_reference

CODES = torch.tensor([-0.2, 0.25], dtype=torch.float64)
WINDOW = 0.375
EULER = 0.57721566490153286


def as_published(theta: float, sigma: float) -> float:
    """The divergence of one weight, written down from the paper's equations (§3.3, App. A.4).

    Weights that belong to a value c are measured in units of |c| / 0.2, as the windows are.
    """

    def of_one_spike(distance: float) -> float:
        log_alpha = min(8.0, max(-8.0, 2 * math.log(sigma) - math.log(distance**2 + 1e-8)))
        sigmoid = 1 / (1 + math.exp(-(K2 + K3 * log_alpha)))
        return -(K1 * sigmoid - 0.5 * math.log(1 + math.exp(-log_alpha)) - K1)

    def window(code: float) -> float:
        distance = (theta - code) * 0.2 / abs(code)
        return math.exp(-(distance**2) / (2 * 0.075**2))

    codes = CODES.tolist()
    at_zero = 1 - sum(window(code) for code in codes)
    return at_zero * of_one_spike(theta) + sum(
        window(code) * of_one_spike(theta - code) for code in codes
    )


def places(number: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    means = torch.linspace(-0.5, 0.5, number, dtype=torch.float64)
    return means, torch.empty_like(means).uniform_(-9, 0)


def test_the_divergence_is_the_published_one():
    means, log_variances = places(41)
    found = quantizing_divergence(means, log_variances, CODES, WINDOW)
    expected = [
        as_published(theta, math.exp(log_variance / 2))
        for theta, log_variance in zip(means.tolist(), log_variances.tolist(), strict=True)
    ]
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


def test_the_approximation_is_as_far_from_integration_as_published():
    """§3.3: at most 1.07 nats off, where log σ² and θ are kept (§4); by Monte Carlo."""
    codes = torch.tensor([-0.2, 0.2], dtype=torch.float64)
    means = torch.linspace(-0.3, 0.3, 61, dtype=torch.float64)
    noise = torch.linspace(-10, 10, 20_001, dtype=torch.float64)
    density = torch.exp(-noise.square() / 2) / math.sqrt(2 * math.pi)
    furthest = 0.0
    for log_variance in torch.linspace(-10, 1, 12).tolist():
        weights = means[:, None] + math.exp(log_variance / 2) * noise
        prior = sum(1 / ((weights - code).abs() + 1e-12) for code in (-0.2, 0.0, 0.2)) / 3
        expected = torch.trapezoid(density * prior.log(), noise)
        exact = -log_variance / 2 - expected + (EULER + math.log(2)) / 2
        found = quantizing_divergence(means, torch.full_like(means, log_variance), codes, WINDOW)
        furthest = max(furthest, float((found - exact).abs().max()))
    assert furthest == pytest.approx(1.07, abs=0.02)


def test_means_and_codebooks_are_kept_where_the_paper_keeps_them():
    start, weights = beginning(1, [])
    posterior = TernaryPosterior(start, weights, VariationalQuantizationConfig(), seed=0)
    least = posterior.least.clone()
    with torch.no_grad():
        posterior.codes[0] = torch.tensor([0.1, 0.0])
        posterior.codes[1] = torch.tensor([-0.2, 0.3])
        weights.values.mul_(100)
        posterior.log_variances.fill_(2 * math.log(0.01))
    for done in range(posterior.num_parts):
        posterior.before_step(done, posterior.num_parts)
        posterior.after_step(done + 1, posterior.num_parts)
    assert posterior.codes[0].tolist() == [-least[0], least[0]]
    second = weights.split(weights.values)[1]
    assert float(second.max()) == pytest.approx(0.3 + 0.223 * 0.01, abs=1e-5)
    assert float(second.min()) == pytest.approx(-0.2 - 0.223 * 0.01, abs=1e-5)


def test_a_weight_is_drawn_to_each_value_and_is_free_to_be_unsure_there():
    narrow = torch.full((5,), 2 * math.log(0.01), dtype=torch.float64)
    at = torch.tensor([-0.2, 0.0, 0.25, 0.12, -0.1], dtype=torch.float64)
    found = quantizing_divergence(at, narrow, CODES, WINDOW).tolist()
    assert max(found[:3]) < 0.3
    assert min(found[3:]) > 1.0
    far = torch.tensor([5.0], dtype=torch.float64)
    alone = kl_divergence(narrow[:1] - far.square().log())
    assert quantizing_divergence(far, narrow[:1], CODES, WINDOW).tolist() == pytest.approx(
        alone.clamp(max=float(kl_divergence(torch.tensor([-8.0])))).tolist()
    )


def test_the_gradients_are_autograds():
    means, log_variances = places(200)
    codes = CODES.clone()
    for tensor in (means, log_variances, codes):
        tensor.requires_grad_()
    quantizing_divergence(means, log_variances, codes, WINDOW).sum().backward()
    found = quantizing_gradients(means.detach(), log_variances.detach(), codes.detach(), WINDOW)
    for gradient, tensor in zip(found, (means, log_variances, codes), strict=True):
        torch.testing.assert_close(gradient, tensor.grad, rtol=1e-6, atol=1e-9)


def test_parts_of_the_weights_come_in_turn_and_make_up_the_whole():
    start, weights = beginning(1, [])
    config = VariationalQuantizationConfig(kl_weight=1.0, kl_warm_up=0.0)
    posterior = TernaryPosterior(start, weights, config, seed=0)
    codes = torch.zeros_like(posterior.codes)
    weights.zero_gradient()
    for done in range(posterior.num_parts):
        posterior.noise.zero_gradient()
        posterior.before_step(done, posterior.num_parts)
        posterior.add_gradients(0.5)
        share = float((posterior.noise.gradient != 0).float().mean())
        assert share == pytest.approx(1 / posterior.num_parts, rel=0.2)
        codes += posterior.codes.grad
    weight = posterior.num_parts / len(start.training_set)
    flat = [v.reshape(-1) for v in weights.split(weights.values)]
    log_variances = torch.full((len(flat[0]),), config.initial_log_variance)
    by_mean, _, by_codes = quantizing_gradients(
        flat[0], log_variances, posterior.codes.data[0], config.window
    )
    torch.testing.assert_close(weights.gradient[: len(flat[0])], weight * by_mean)
    torch.testing.assert_close(codes[0], weight * by_codes, rtol=1e-3, atol=1e-6)


def test_weights_go_to_the_nearest_value_and_the_unsure_ones_to_zero():
    start, weights = beginning(1, [])
    posterior = TernaryPosterior(start, weights, VariationalQuantizationConfig(), seed=0)
    with torch.no_grad():
        posterior.codes[0] = torch.tensor([-0.2, 0.3])
        first = weights.split(weights.values)[0].view(-1)
        first[:5] = torch.tensor([-0.15, -0.05, 0.14, 0.2, 0.9])
        posterior.log_variances.fill_(-12.0)
        posterior.log_variances[3] = 5.0
    indices = posterior.quantised()[0].indices.view(-1)
    assert indices[:5].tolist() == [1, 0, 0, 0, 2]


def test_a_file_has_three_values_a_layer():
    config = CompressConfig(
        retrain=RetrainConfig(num_epochs=4, batch_size=50, lr_weights=2e-3),
        post_processing=PostProcessingConfig(fine_tuning_epochs=2, rate_weight=0.0),
        method=MethodConfig(name=MethodName.variational_quantization),
    )
    # in so few steps weights come to near values only
    config.method.variational_quantization = VariationalQuantizationConfig(
        kl_weight=2.0, kl_warm_up=0.1, codebook_scale=0.8, lr_codebook=2e-3
    )
    outcome = compress(small_reference(), small_data(), config)
    assert outcome.accuracy_loss < 0.1
    assert outcome.compression_rate > 25
    tensors = decode(outcome.file).tensors.values()
    assert all(len(t.codebook) <= 3 for t in tensors if isinstance(t, ClusteredTensor))


@pytest.mark.parametrize("name", ["codebook_scale", "window", "kl_weight"])
def test_a_wrong_configuration_names_key_rule_and_value(name):
    message = rf"method.variational_quantization.{name} must be > 0, but got 0.0"
    with pytest.raises(ConfigError, match=message):
        VariationalQuantizationConfig(**{name: 0.0})
