"""Folded batch norms compute what they did, and half of their numbers are constants."""

import torch
from torch import nn

from core.post_processing.batch_norm import fold_batch_norms


def trained_norm() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU())
    for _ in range(20):
        network(2 * torch.randn(16, 2, 6, 6) + 1)
    with torch.no_grad():
        network[1].weight.uniform_(0.5, 2)
        network[1].bias.uniform_(-1, 1)
    return network.eval()


def test_the_network_computes_the_same():
    network, inputs = trained_norm(), torch.randn(4, 2, 6, 6)
    before = network(inputs)
    fold_batch_norms(network)
    torch.testing.assert_close(network(inputs), before, atol=1e-5, rtol=1e-4)


def test_statistics_become_constants_and_folding_twice_changes_nothing():
    network = trained_norm()
    fold_batch_norms(network)
    once = {name: value.clone() for name, value in network.state_dict().items()}
    assert not once["1.running_mean"].any()
    assert len(once["1.running_var"].unique()) == 1
    fold_batch_norms(network)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, once[name])


def test_norms_without_a_weight_are_left_alone():
    network = nn.Sequential(
        nn.BatchNorm1d(3, affine=False), nn.BatchNorm1d(3, track_running_stats=False)
    )
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fold_batch_norms(network)
    assert all(torch.equal(before[n], v) for n, v in network.state_dict().items())
