"""A mixture for each group of weights: the same as each group alone, and one group as none."""

import pytest
import torch

from core.checkpoint import from_bytes, to_bytes
from core.errors import CheckpointError, ConfigError
from core.networks import Treatment
from core.prior import GaussianMixturePrior, GroupedPrior, PriorConfig, add_complexity_gradient
from core.retraining import FlatWeights
from tests.own_networks import NETWORKS

CONFIG = PriorConfig(num_components=5, zero_std_initial=0.05)
SIZES = (3000, 1000)


def weights_of_two_scales() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.cat([0.4 * torch.randn(SIZES[0]), 0.02 * torch.randn(SIZES[1])])


def test_a_group_is_what_it_would_be_alone() -> None:
    weights = weights_of_two_scales()
    prior = GroupedPrior.from_weights(weights, SIZES, CONFIG)
    gradient, expected = torch.zeros_like(weights), torch.zeros_like(weights)
    found = prior.add_gradient(weights, gradient, 0.5)
    losses, zeros = 0.0, 0.0
    for part, slope, size, mixture in zip(
        prior.split(weights), prior.split(expected), SIZES, prior.mixtures, strict=True
    ):
        alone = GaussianMixturePrior.from_weights(part, CONFIG)
        complexity = add_complexity_gradient(alone, part, slope, 0.5, CONFIG)
        assert torch.equal(alone.mixture.means.grad, mixture.means.grad)
        losses, zeros = losses + complexity.loss, zeros + complexity.zero_share * size
    assert torch.equal(gradient, expected)
    assert found.loss == pytest.approx(losses)
    assert found.zero_share == pytest.approx(zeros / sum(SIZES))


def test_the_whole_mixture_gives_each_group_its_share_of_the_weights() -> None:
    weights = weights_of_two_scales()
    prior = GroupedPrior.from_weights(weights, SIZES, CONFIG)
    whole = prior.mixture.log_joint(weights).exp().sum(dim=1)
    by_hand = sum(
        size / sum(SIZES) * mixture.log_joint(weights).exp().sum(dim=1)
        for size, mixture in zip(SIZES, prior.mixtures, strict=True)
    )
    torch.testing.assert_close(whole, by_hand)
    assert GroupedPrior.from_weights(weights, [4000], CONFIG).mixture.num_components == 5


def test_zeros_are_left_out_group_by_group_and_come_back() -> None:
    weights = weights_of_two_scales()
    prior = GroupedPrior.from_weights(weights, SIZES, CONFIG)
    prior.move_zero_std(0.01)
    expected = torch.cat(
        [
            part.where(mixture.assign(part) != 0, 0.0)
            for part, mixture in zip(prior.split(weights), prior.mixtures, strict=True)
        ]
    )
    before = weights.clone()
    assert torch.equal(prior.leave_out_zeros(weights), before)
    assert torch.equal(weights, expected)


def test_a_state_goes_through_a_checkpoint_into_as_many_groups() -> None:
    weights = weights_of_two_scales()
    prior, other = (GroupedPrior.from_weights(weights, SIZES, CONFIG) for _ in range(2))
    prior.move_zero_std(0.02)
    prior.mixtures[1].means[1] += 1
    other.restore(from_bytes(to_bytes(prior.state())))
    for ours, theirs in zip(prior.mixtures, other.mixtures, strict=True):
        assert all(map(torch.equal, ours.parameters(), theirs.parameters()))
    with pytest.raises(CheckpointError, match="has 2 mixtures for 1 groups"):
        GroupedPrior.from_weights(weights, [4000], CONFIG).restore(prior.state())


def test_patterns_choose_the_groups_and_each_stands_together() -> None:
    network = NETWORKS["transformer"]()
    names = FlatWeights.from_network(network).names
    network = NETWORKS["transformer"]()
    weights = FlatWeights.from_network(network, Treatment(groups=("*linear*", "head.*")))
    assert sorted(weights.names) == sorted(names)
    num_linear = sum("linear" in name for name in names)
    assert all("linear" in name for name in weights.names[:num_linear])
    assert weights.names[num_linear] == "head.weight"
    assert weights.group_sizes[:2] == (4 * 8 * 16, 3 * 8)
    assert sum(weights.group_sizes) == weights.values.numel()
    parameters = dict(network.named_parameters())
    for name, values in zip(weights.names, weights.split(weights.values), strict=True):
        assert parameters[name].data_ptr() == values.data_ptr()


@pytest.mark.parametrize("patterns", [("nothing.*",), ("*linear*", "*linear1*"), ("head.bias",)])
def test_a_group_without_tensors_of_its_own_is_refused(patterns: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"model.groups must be patterns of names .* none is cal"):
        FlatWeights.from_network(NETWORKS["transformer"](), Treatment(groups=patterns))
