"""The fast forms of the prior against float64 autograd of the formula as it stands."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.prior import GaussianMixturePrior, PriorConfig, PriorForm, add_complexity_gradient
from core.prior.tabulated import build_table


def trained_weights(seed: int, num_weights: int = 20_000) -> torch.Tensor:
    """Most weights near zero, few far out, as in a network under retraining."""
    generator = torch.Generator().manual_seed(seed)
    weights = 0.02 * torch.randn(num_weights, generator=generator)
    weights[::20] *= 20
    return weights


def gradients(prior, weights, config, form):
    config.form = form
    gradient = torch.zeros_like(weights)
    complexity = add_complexity_gradient(prior, weights, gradient, 0.5, config)
    mixture = prior.mixture
    names = ["means", "log_precisions", "mixing_logits"]
    if prior.zero_proportion is not None:
        names.append("zero_mixing_logit")
    return complexity, gradient.double(), {n: getattr(mixture, n).grad.clone() for n in names}


MIXTURES = {
    "wide zero component": {},
    "narrow zero component": {"zero_std_initial": None},
    "64 components": {"num_components": 64, "std_initial": 0.02, "zero_std_initial": 0.02},
    "one other component": {"num_components": 2},
    "learnt zero proportion": {"learn_zero_mixing_proportion": True},
    "no hyper-priors": {"zero_std_strength": 0.0, "std_strength": 0.0},
}


@pytest.mark.parametrize("form", [PriorForm.tabulated, PriorForm.exact])
@pytest.mark.parametrize("changes", MIXTURES.values(), ids=MIXTURES.keys())
def test_every_form_agrees_with_autograd_in_double_precision(changes, form):
    weights = trained_weights(seed=1)
    config = PriorConfig(**changes)
    prior = GaussianMixturePrior.from_weights(weights, config)
    complexity, slopes, of_mixture = gradients(prior, weights, config, form)
    expected, expected_slopes, expected_of_mixture = gradients(
        prior, weights.double(), config, PriorForm.autograd
    )
    # The table's bound is stated relative to the largest slope; single precision adds 1e-6.
    bound = config.table_error if form is PriorForm.tabulated else 2e-6
    assert (slopes - expected_slopes).abs().max() <= bound * expected_slopes.abs().max()
    assert complexity.loss == pytest.approx(expected.loss, rel=1e-3)
    assert complexity.zero_share == pytest.approx(expected.zero_share, abs=1e-3)
    for name, gradient in of_mixture.items():
        error = (gradient - expected_of_mixture[name]).abs().max()
        assert error <= 5e-3 * expected_of_mixture[name].abs().max(), name


@settings(max_examples=50)
@given(
    zero_std=st.floats(1e-3, 0.3),
    std=st.floats(3e-3, 0.3),
    num_components=st.integers(2, 33),
    zero_proportion=st.floats(0.5, 0.9999),
    error=st.sampled_from([1e-2, 1e-3, 1e-4]),
)
def test_the_slope_keeps_its_bound_for_any_mixture(
    zero_std, std, num_components, zero_proportion, error
):
    weights = trained_weights(seed=2, num_weights=4_000)
    config = PriorConfig(
        zero_std_initial=zero_std,
        std_initial=std,
        num_components=num_components,
        zero_mixing_proportion=zero_proportion,
        table_error=error,
    )
    prior = GaussianMixturePrior.from_weights(weights, config)
    low, high = float(weights.min()), float(weights.max())
    table = build_table(prior, low, high, error, max_nodes=1 << 20)
    assert table is not None
    places = weights.double().requires_grad_()
    prior.mixture.negative_log_likelihood(places).backward()
    assert places.grad is not None
    _, slopes, _ = gradients(prior, weights, config, PriorForm.tabulated)
    across = torch.linspace(low, high, 4_001, dtype=torch.float64, requires_grad=True)
    prior.mixture.negative_log_likelihood(across).backward()
    assert across.grad is not None
    largest = across.grad.abs().max()
    assert (slopes / 0.5 - places.grad).abs().max() <= (error + 2e-5) * largest


def test_halving_the_bound_on_the_error_takes_more_nodes_where_the_zero_component_is_narrow():
    weights = trained_weights(seed=3)
    prior = GaussianMixturePrior.from_weights(weights, PriorConfig(zero_std_initial=0.004))
    sizes = [len(build_table(prior, -0.5, 0.5, e, 1 << 20).nodes) for e in (1e-2, 1e-3, 1e-4)]
    assert sizes[0] < sizes[1] < sizes[2]


def test_a_table_that_would_be_too_large_gives_way_to_the_exact_form():
    weights = trained_weights(seed=4, num_weights=2_000)
    config = PriorConfig(zero_std_initial=1e-4, std_initial=1e-4, num_components=40)
    prior = GaussianMixturePrior.from_weights(weights, config)
    assert build_table(prior, float(weights.min()), float(weights.max()), 1e-3, 1024) is None
    _, slopes, _ = gradients(prior, weights, config, PriorForm.tabulated)
    _, expected, _ = gradients(prior, weights.double(), config, PriorForm.autograd)
    assert (slopes - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite_do_not_reach_the_compiled_loop(value):
    weights = trained_weights(seed=5, num_weights=100)
    config = PriorConfig()
    prior = GaussianMixturePrior.from_weights(weights, config)
    weights[7] = value
    complexity, _, _ = gradients(prior, weights, config, PriorForm.tabulated)
    assert not math.isfinite(complexity.loss)


def test_equal_weights_are_tabulated_too():
    weights = torch.full((50,), 0.1)
    config = PriorConfig()
    prior = GaussianMixturePrior.from_weights(trained_weights(seed=6), config)
    _, slopes, _ = gradients(prior, weights, config, PriorForm.tabulated)
    _, expected, _ = gradients(prior, weights.double(), config, PriorForm.autograd)
    torch.testing.assert_close(slopes, expected, rtol=2e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("form", [PriorForm.exact, PriorForm.sampled])
def test_every_tensor_is_made_where_the_weights_are(form, dtype):
    weights = trained_weights(seed=7, num_weights=1_000).to(dtype)
    gradient = torch.zeros_like(weights)
    config = PriorConfig(form=form, num_sampled=100)
    with torch.device("meta"):  # a tensor that is made without naming its device is lost there
        prior = GaussianMixturePrior.from_weights(weights, config)
        prior.move_zero_std(0.1)
        complexity = add_complexity_gradient(prior, weights, gradient, 0.5, config)
    assert math.isfinite(complexity.loss)
    assert all(p.device == weights.device for p in prior.mixture.parameters())
    assert bool((gradient != 0).any())
