"""The sampled prior is right on average over every sample it can draw, and repeats under a seed."""

import itertools

import pytest
import torch

from core.prior import GaussianMixturePrior, PriorConfig, PriorForm, add_complexity_gradient
from core.prior.sampled import add_sampled_gradient, draw_places, places_at
from core.prior.statistics import set_mixture_gradients

SCALE = 0.3
CONFIG = PriorConfig(num_components=4, num_sampled=2)
WEIGHTS = torch.tensor([-0.7, -0.02, 0.01, 0.3, 0.5, 0.9, 0.04], dtype=torch.float64)


def mixture_gradients(prior: GaussianMixturePrior) -> torch.Tensor:
    return torch.cat([p.grad.reshape(-1) for p in prior.mixture.parameters()])


def exact_gradients(weights: torch.Tensor) -> tuple[float, torch.Tensor, torch.Tensor]:
    prior = GaussianMixturePrior.from_weights(weights, CONFIG)
    gradient = torch.zeros_like(weights)
    exact = PriorConfig(num_components=4, form=PriorForm.exact)
    complexity = add_complexity_gradient(prior, weights, gradient, SCALE, exact)
    return complexity.loss, gradient, mixture_gradients(prior)


@pytest.mark.parametrize(("num_weights", "num_sampled"), [(6, 2), (6, 3), (7, 2), (5, 3), (4, 1)])
def test_gradients_of_weights_and_mixture_average_to_the_exact_ones(num_weights, num_sampled):
    weights = WEIGHTS[:num_weights]
    prior = GaussianMixturePrior.from_weights(weights, CONFIG)
    # The index moves on at multiples of 1 / num_weights, so these are all samples, equally likely.
    grid = (torch.arange(num_weights, dtype=torch.float64) + 0.5) / num_weights
    samples = list(itertools.product(grid.tolist(), repeat=num_sampled))
    mean_loss, mean, mean_of_mixture = 0.0, torch.zeros_like(weights), 0.0
    for uniform in samples:
        places = places_at(num_weights, torch.tensor(uniform, dtype=torch.float64))
        statistics = add_sampled_gradient(prior, weights, mean, SCALE, places)
        mean_loss += set_mixture_gradients(prior, statistics, SCALE) / len(samples)
        mean_of_mixture += mixture_gradients(prior) / len(samples)
    loss, expected, expected_of_mixture = exact_gradients(weights)
    assert mean_loss == pytest.approx(loss)
    torch.testing.assert_close(mean / len(samples), expected)
    torch.testing.assert_close(mean_of_mixture, expected_of_mixture)


@pytest.mark.parametrize(("num_weights", "num_sampled"), [(1, 1), (10, 3), (100_000_000, 7)])
def test_places_ascend_and_stay_inside(num_weights, num_sampled):
    for fraction in (0.0, 0.5, 1 - 2**-53):
        uniform = torch.full((num_sampled,), fraction, dtype=torch.float64)
        places = places_at(num_weights, uniform)
        assert bool((places.diff() > 0).all())
        assert int(places[0]) >= 0
        assert int(places[-1]) < num_weights


def test_a_sample_of_all_weights_or_more_is_the_exact_form():
    weights = torch.randn(500, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    config = PriorConfig(num_components=4, form=PriorForm.sampled, num_sampled=10_000)
    prior = GaussianMixturePrior.from_weights(weights, config)
    gradient = torch.zeros_like(weights)
    complexity = add_complexity_gradient(prior, weights, gradient, SCALE, config)
    loss, expected, expected_of_mixture = exact_gradients(weights)
    assert complexity.loss == pytest.approx(loss)
    torch.testing.assert_close(gradient, expected)
    torch.testing.assert_close(mixture_gradients(prior), expected_of_mixture)


def test_a_seed_repeats_its_samples_and_every_step_draws_anew():
    def drawn(seed: int) -> list[list[int]]:
        prior = GaussianMixturePrior.from_weights(WEIGHTS, CONFIG, seed)
        return [draw_places(1_000, 4, prior.generator).tolist() for _ in range(3)]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert len({tuple(places) for places in drawn(0)}) == 3


def test_only_the_drawn_weights_feel_a_step():
    weights = torch.randn(1_000, generator=torch.Generator().manual_seed(0))
    config = PriorConfig(form=PriorForm.sampled, num_sampled=50)
    prior = GaussianMixturePrior.from_weights(weights, config)
    gradient = torch.zeros_like(weights)
    add_complexity_gradient(prior, weights, gradient, SCALE, config)
    assert int(gradient.count_nonzero()) == 50
