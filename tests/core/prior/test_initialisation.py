"""Components begin evenly over a range or on equal shares of the weights, and fill their region."""

import pytest
import torch

from core.errors import RetrainError
from core.prior import GaussianMixturePrior, Initialisation, PriorConfig
from core.prior.initialisation import MIN_STD, check_weights, initial_components


def test_even_components_are_as_wide_as_half_the_way_to_the_next():
    config = PriorConfig(num_components=6, means_range=1.0, std_initial=None)
    means, stds = initial_components(torch.randn(100), config)
    expected = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0], dtype=torch.float64)
    torch.testing.assert_close(means, expected)
    torch.testing.assert_close(stds, torch.full_like(means, 0.25))


def test_components_of_equal_mass_take_equal_shares_of_the_weights():
    weights = torch.tensor([5.0, 1.0, 9.0, 2.0, 6.0, 13.0])
    config = PriorConfig(
        num_components=4, initialisation=Initialisation.equal_mass, std_initial=None
    )
    means, stds = initial_components(weights, config)
    assert means.tolist() == [1.5, 5.5, 11.0]
    assert stds.tolist() == [0.5, 0.5, 2.0]


def test_components_of_equal_mass_lie_close_where_the_weights_do():
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(100_000, generator=generator)
    config = PriorConfig(num_components=17, initialisation=Initialisation.equal_mass)
    means = GaussianMixturePrior.from_weights(weights, config).mixture.means[1:]
    edges = torch.distributions.Normal(0, 1).icdf(torch.linspace(0, 1, 17))
    assert bool(((means > edges[:-1]) & (means < edges[1:])).all())


def test_a_stated_width_is_that_of_every_component():
    config = PriorConfig(initialisation=Initialisation.equal_mass, std_initial=0.07)
    _, stds = initial_components(torch.randn(100), config)
    assert stds.tolist() == [0.07] * 8


def test_a_component_on_weights_that_are_all_equal_keeps_the_least_width():
    weights = torch.cat([torch.zeros(90), torch.linspace(0.1, 0.5, 10)])
    config = PriorConfig(
        num_components=5, initialisation=Initialisation.equal_mass, std_initial=None
    )
    _, stds = initial_components(weights, config)
    assert stds[0] == MIN_STD


def test_a_network_without_weights_is_refused():
    with pytest.raises(RetrainError, match="no weight that the prior can act on"):
        GaussianMixturePrior.from_weights(torch.empty(0), PriorConfig())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value):
    with pytest.raises(RetrainError, match="weights that are not finite"):
        GaussianMixturePrior.from_weights(torch.tensor([0.1, value]), PriorConfig())


def test_more_components_than_distinct_weights_are_refused_in_one_line():
    weights = torch.tensor([0.1, -0.1, 0.0]).repeat(50_000)
    check_weights(weights, PriorConfig(num_components=3))
    with pytest.raises(RetrainError) as refused:
        check_weights(weights, PriorConfig(num_components=4))
    assert str(refused.value) == (
        "prior.num_components must be <= 3, the number of distinct weights, but got 4; "
        "take fewer components"
    )
