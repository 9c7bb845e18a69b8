"""Noise drawn for weights themselves: where it must be, and its gradients against autograd's."""

import torch
from torch import nn

from core.methods.group_noise import GroupNoise
from core.methods.noise import WeightNoise
from core.methods.noise_places import weight_layers
from core.retraining import FlatWeights


class Mixed(nn.Module):
    """A layer that is called, one that is not, two with one weight, and a recurrent one."""

    def __init__(self) -> None:
        super().__init__()
        self.called = nn.Linear(4, 4)
        self.taken = nn.Linear(4, 4)
        self.first, self.second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight
        self.convolution = nn.Conv2d(1, 4, 3, padding="same")
        self.recurrent = nn.GRU(4, 4, batch_first=True)

    def forward(self, images):
        rows = self.recurrent(self.convolution(images).mean(1))[0].mean(1)
        taken = nn.functional.linear(self.called(rows), self.taken.weight)
        return self.second(self.first(taken).tanh())


def begin() -> tuple[Mixed, FlatWeights, torch.Tensor]:
    torch.manual_seed(0)
    network = Mixed()
    return network, FlatWeights.from_network(network), torch.randn(3, 1, 4, 4)


def test_outputs_have_the_noise_only_of_weights_that_a_layers_call_alone_uses():
    network, weights, inputs = begin()
    layers = weight_layers(network, weights, inputs)
    places = dict(zip(weights.names, layers, strict=True))
    assert places.pop("called.weight") is network.called
    assert set(places) >= {"taken.weight", "first.weight", "recurrent.weight_hh_l0"}
    assert not any(places.values())


def test_the_gradients_of_drawn_weights_are_those_of_the_reparameterisation():
    network, weights, inputs = begin()
    log_variances = nn.Parameter(torch.randn_like(weights.values) - 4)
    noise = WeightNoise(network, weights, log_variances, inputs, seed=3)
    state, before = noise.state(), weights.values.clone()
    with noise.in_use(training=False):
        assert torch.equal(weights.values, before)
    with noise.in_use(training=True):
        drawn = weights.values.clone()
        network(inputs).square().sum().backward()
    assert torch.equal(weights.values, before)
    local = weights.names.index("called.weight")
    of_local = sum(shape.numel() for shape in weights.shapes[:local])
    slope = 0.5 * (drawn - before) * weights.gradient  # dL/dw σ ε / 2
    torch.testing.assert_close(noise.gradient, slope, rtol=1e-3, atol=1e-7)
    assert torch.equal(drawn[of_local : of_local + 16], before[of_local : of_local + 16])
    noise.restore(state)
    with noise.in_use(training=True):
        assert torch.equal(weights.values, drawn)


def test_the_gradients_of_drawn_scales_are_autograds():
    network, weights, inputs = begin()
    noise = GroupNoise(network, weights, -2.0, inputs, seed=3)
    layer = noise.layers[weights.names.index("taken.weight")]
    with torch.no_grad():
        layer.scales.uniform_(0.5, 1.5)
    means = layer.weights.clone().requires_grad_()
    scales = layer.scales.detach().clone().requires_grad_()
    of_scales = layer.log_scale_variances.detach().clone().requires_grad_()
    of_weights = layer.log_variances.detach().clone().requires_grad_()
    state = torch.Generator().manual_seed(5)
    drawing, again = state.get_state(), torch.Generator()
    again.set_state(drawing)
    target = torch.randn(4, 4)
    with layer.drawn(state):
        (network.taken.weight * target).square().sum().backward()
    epsilon = torch.empty_like(means).normal_(generator=again)
    of_groups = torch.empty_like(scales).normal_(generator=again)
    factor = scales + (0.5 * of_scales).exp() * of_groups
    weight = (means + (0.5 * of_weights).exp() * epsilon) * factor[:, None]
    (weight * target).square().sum().backward()
    torch.testing.assert_close(layer.gradient, means.grad)
    torch.testing.assert_close(layer.log_variances.grad, of_weights.grad)
    torch.testing.assert_close(layer.scales.grad, scales.grad)
    torch.testing.assert_close(layer.log_scale_variances.grad, of_scales.grad)


def test_mean_scales_are_in_use_where_the_network_is_judged():
    network, weights, inputs = begin()
    noise = GroupNoise(network, weights, -2.0, inputs, seed=0)
    before = weights.values.clone()
    with torch.no_grad():
        for layer in noise.layers:
            layer.scales.fill_(2.0)
        with noise.added(), noise.in_use(training=False):
            judged = network.eval()(inputs)
        assert torch.equal(weights.values, before)
        weights.values.mul_(2.0)
        torch.testing.assert_close(network(inputs), judged)
