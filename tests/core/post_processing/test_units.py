"""Units go or change places, and the network computes what it did."""

import itertools
from collections import OrderedDict

import pytest
import torch
from torch import nn

from core.networks import description
from core.post_processing.quantisation import QuantisedTensor, quantise_tensor
from core.post_processing.units import order_units, remove_dead_units, write_values

NETWORKS = ("lenet_300_100", "lenet_5_caffe")


def sparse(name: str, share: float) -> tuple[nn.Module, list[QuantisedTensor]]:
    """A network whose weights are mostly zero, some of its units without inputs or outputs."""
    torch.manual_seed(3)
    network = description(name).build().eval()
    tensors = []
    for key, parameter in network.named_parameters():
        if parameter.dim() >= 2:
            kept = torch.rand(parameter.shape) < share
            kept[torch.rand(len(parameter)) < 0.3] = False
            tensors.append(quantise_tensor(key, parameter.detach(), kept.long(), 4))
    write_values(network, tensors)
    return network, tensors


def nonzero_biases(network: nn.Module) -> int:
    return sum(int(p.count_nonzero()) for n, p in network.named_parameters() if "bias" in n)


@pytest.mark.parametrize("name", NETWORKS)
def test_removing_dead_units_changes_nothing_but_the_size(name):
    network, tensors = sparse(name, 0.02)
    inputs = torch.rand(8, *description(name).input_shape)
    before, count = network(inputs), sum(t.num_nonzeros for t in tensors)
    biases = nonzero_biases(network)
    remove_dead_units(network, description(name).chains, tensors, description(name).input_shape)
    torch.testing.assert_close(network(inputs), before, atol=1e-5, rtol=1e-4)
    assert sum(t.num_nonzeros for t in tensors) < count
    assert nonzero_biases(network) < biases / 2


def test_every_unit_left_has_inputs_and_outputs():
    network, tensors = sparse("lenet_300_100", 0.01)
    described = description("lenet_300_100")
    remove_dead_units(network, described.chains, tensors, described.input_shape)
    for tensor, following in itertools.pairwise(tensors):
        has_input = (tensor.indices != 0).any(dim=1)
        has_output = (following.indices != 0).any(dim=0)
        assert torch.equal(has_input, has_output)


def test_a_bias_goes_where_nothing_bends_between_it_and_the_next_layer():
    network, tensors = sparse("lenet_5_caffe", 0.3)
    described = description("lenet_5_caffe")
    remove_dead_units(network, described.chains, tensors, described.input_shape)
    assert not network.conv1.bias.any()  # pooling alone follows
    assert not network.conv2.bias.any()
    assert network.hidden1.bias.any()  # a rectified linear unit follows


def test_a_constant_stays_where_padding_would_end_it():
    network = nn.Sequential(
        OrderedDict(first=nn.Conv2d(1, 2, 3), relu=nn.ReLU(), second=nn.Conv2d(2, 1, 3, padding=1))
    )
    tensors = [
        quantise_tensor(key, p.detach(), torch.ones(p.shape).long(), 4)
        for key, p in network.named_parameters()
        if p.dim() > 1
    ]
    tensors[0].indices[0] = 0
    with torch.no_grad():
        network.first.bias[0] = 0.5
    write_values(network, tensors)
    inputs = torch.rand(3, 1, 8, 8)
    before = network(inputs)
    remove_dead_units(network, (("first", "second"),), tensors, (1, 8, 8))
    torch.testing.assert_close(network(inputs), before)
    assert tensors[1].indices[:, 0].all()


@pytest.mark.parametrize("name", NETWORKS)
def test_ordered_units_compute_the_same(name):
    network, tensors = sparse(name, 0.1)
    inputs = torch.rand(8, *description(name).input_shape)
    before = network(inputs)
    order_units(network, description(name).chains, tensors)
    torch.testing.assert_close(network(inputs), before, atol=1e-5, rtol=1e-4)


def test_units_stand_in_falling_order_of_their_non_zeros():
    network, tensors = sparse("lenet_300_100", 0.1)
    order_units(network, description("lenet_300_100").chains, tensors)
    counts = (tensors[0].indices != 0).sum(dim=1) + (tensors[1].indices != 0).sum(dim=0)
    assert counts.tolist() == sorted(counts.tolist(), reverse=True)
