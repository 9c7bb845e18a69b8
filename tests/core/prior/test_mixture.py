"""The mixture and its hyper-priors against closed forms."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.prior import (
    BetaHyperPrior,
    GammaHyperPrior,
    GaussianMixture,
    GaussianMixturePrior,
    PriorConfig,
)
from core.prior.mixture import zero_interval


def test_mixing_proportions_sum_to_one_and_begin_as_the_paper_says():
    config = PriorConfig(num_components=17, zero_mixing_proportion=0.999)
    mixture = GaussianMixturePrior.from_weights(torch.randn(100), config).mixture
    proportions = mixture.log_mixing_proportions().exp()
    assert proportions.sum().item() == pytest.approx(1)
    assert proportions[0].item() == pytest.approx(0.999)
    torch.testing.assert_close(proportions[1:], torch.full_like(proportions[1:], 0.001 / 16))


def test_means_lie_evenly_over_the_range_of_the_weights_and_the_zero_one_at_zero():
    weights = torch.tensor([-0.4, 0.1, 0.2, 0.3, 0.8])
    config = PriorConfig(num_components=5, means_range=None)
    mixture = GaussianMixturePrior.from_weights(weights, config).mixture
    expected = torch.tensor([0.0, -0.4, 0.0, 0.4, 0.8], dtype=torch.float64)
    torch.testing.assert_close(mixture.means, expected, atol=1e-7, rtol=0)


def test_the_likelihood_of_one_component_is_the_normal_density():
    config = PriorConfig(num_components=2, zero_mixing_proportion=1 - 1e-15, zero_std_initial=0.5)
    mixture = GaussianMixturePrior.from_weights(torch.tensor([0.0, 1.0]), config).mixture
    expected = -torch.distributions.Normal(0, 0.5).log_prob(torch.tensor(0.3)).item()
    found = mixture.negative_log_likelihood(torch.tensor([0.3])).item()
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_weight_goes_to_the_component_that_answers_for_it():
    config = PriorConfig(num_components=3, means_range=1.0, std_initial=0.1, zero_std_initial=0.1)
    mixture = GaussianMixturePrior.from_weights(torch.randn(10), config).mixture
    assert mixture.assign(torch.tensor([-0.95, 0.05, 1.2])).tolist() == [1, 0, 2]


@given(
    others=st.lists(
        st.tuples(st.floats(-1, 1), st.floats(1e-3, 1), st.floats(-3, 3)), min_size=1, max_size=6
    ),
    zero_std=st.floats(1e-3, 0.5),
    zero_proportion=st.floats(0.3, 0.9999),
)
def test_the_zero_interval_holds_what_the_zero_component_claims(others, zero_std, zero_proportion):
    means, stds, logits = torch.tensor(others, dtype=torch.float64).T
    mixture = GaussianMixture(
        means=torch.cat([torch.zeros(1).double(), means]),
        log_precisions=-2 * torch.cat([torch.tensor([zero_std]).double(), stds]).log(),
        zero_mixing_logit=torch.tensor(zero_proportion, dtype=torch.float64).logit(),
        mixing_logits=logits,
    )
    low, high = zero_interval(mixture)
    assert low <= 0 <= high
    inside = torch.linspace(max(low, -3), min(high, 3), 203, dtype=torch.float64)[1:-1]
    if low < high:
        joint = mixture.log_joint(inside)
        assert bool((joint[:, 0] >= joint[:, 1:].amax(dim=1) - 1e-6 * joint[:, 0].abs()).all())
    for end, beyond in ((low, low - 1e-6 * (1 - low)), (high, high + 1e-6 * (1 + high))):
        if math.isfinite(end):
            joint = mixture.log_joint(torch.tensor([beyond], dtype=torch.float64))[0]
            assert joint[0] <= joint[1:].max() + 1e-6 * joint[0].abs()


@given(std=st.floats(1e-3, 1), strength=st.floats(1, 1e7))
def test_the_gamma_hyper_prior_has_its_mode_where_it_was_asked_for(std, strength):
    hyper_prior = GammaHyperPrior.from_mode(torch.tensor([std]), torch.tensor([strength]))
    slope = hyper_prior.gradient(torch.tensor([-2 * math.log(std)]))
    assert abs(slope.item()) <= 1e-5 * strength
    assert 2 * (hyper_prior.alpha.item() - 1) == pytest.approx(strength, rel=1e-4, abs=1e-3)


def test_the_tutorials_gamma_hyper_prior_is_a_width_of_two_hundredths():
    alpha, beta = 5e3, 2.0
    std = math.sqrt(beta / (alpha - 1))
    assert std == pytest.approx(0.02, rel=1e-3)
    hyper_prior = GammaHyperPrior.from_mode(
        torch.tensor([std], dtype=torch.float64), torch.tensor([2 * (alpha - 1)])
    )
    assert hyper_prior.alpha.item() == pytest.approx(alpha)
    assert hyper_prior.beta.item() == pytest.approx(beta)


@given(mode=st.floats(0.01, 0.999), count=st.floats(3, 1e7))
def test_the_beta_hyper_prior_has_its_mode_and_pseudo_count(mode, count):
    hyper_prior = BetaHyperPrior.from_mode(mode, count)
    assert hyper_prior.alpha + hyper_prior.beta == pytest.approx(count)
    logit = torch.tensor(math.log(mode / (1 - mode)), dtype=torch.float64)
    assert abs(hyper_prior.gradient(logit).item()) <= 1e-9 * count


@given(logit=st.floats(-6, 6), mode=st.floats(0.05, 0.95), log_precision=st.floats(-2, 8))
def test_the_hyper_priors_gradients_are_those_of_their_densities(logit, mode, log_precision):
    beta = BetaHyperPrior.from_mode(mode, 50.0)
    place = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(beta.negative_log_density(place), place)
    assert slope.item() == pytest.approx(beta.gradient(place).item(), rel=1e-9, abs=1e-9)
    gamma = GammaHyperPrior.from_mode(torch.tensor([0.1]), torch.tensor([40.0]))
    places = torch.tensor([log_precision], requires_grad=True)
    (slopes,) = torch.autograd.grad(gamma.negative_log_density(places), places)
    torch.testing.assert_close(slopes, gamma.gradient(places).detach())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_components": 1}, "prior.num_components must be >= 2, but got 1"),
        ({"zero_mixing_proportion": 1.0}, "prior.zero_mixing_proportion must be > 0 and < 1"),
        ({"zero_std_mode": 0.0}, "prior.zero_std_mode must be > 0, but got 0.0"),
        ({"anneal_start": 0.9}, "prior.anneal_start must be in .* below prior.anneal_end"),
        ({"std_initial": 0.0}, "prior.std_initial must be > 0 or null, but got 0.0"),
        ({"num_sampled": 0}, "prior.num_sampled must be >= 1, but got 0"),
        ({"std_strength": -1.0}, "prior.std_strength must be >= 0, but got -1.0"),
    ],
)
def test_a_wrong_prior_names_key_rule_and_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        PriorConfig(**changes)
