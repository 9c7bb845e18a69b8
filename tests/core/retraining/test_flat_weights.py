"""A network's weights as one vector that the network itself reads and writes."""

import torch
from torch import nn

from core.retraining import FlatWeights


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3), nn.BatchNorm1d(3))


def test_weights_are_views_of_the_vector_and_biases_are_not():
    net = network()
    before = net[2].weight.detach().clone()
    weights = FlatWeights.from_network(net)
    assert weights.names == ("0.weight", "2.weight")
    assert set(weights.others) == {"0.bias", "2.bias", "3.weight", "3.bias"}
    torch.testing.assert_close(weights.split(weights.values)[1], before)
    weights.values.mul_(2)
    torch.testing.assert_close(net[2].weight.detach(), 2 * before)


def test_back_propagation_fills_the_vector_of_gradients():
    net, plain = network(), network()
    weights = FlatWeights.from_network(net)
    inputs = torch.randn(5, 1, 4, 4)
    for _ in range(2):  # the second time after clearing, so that nothing adds up
        weights.zero_gradient()
        net(inputs).square().sum().backward()
    plain(inputs).square().sum().backward()
    expected = torch.cat([plain[0].weight.grad.reshape(-1), plain[2].weight.grad.reshape(-1)])
    torch.testing.assert_close(weights.gradient, expected)
    torch.testing.assert_close(net[2].bias.grad, plain[2].bias.grad)
