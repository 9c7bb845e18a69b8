from itertools import pairwise

import pytest
import torch
from torch import nn

from core.errors import ConfigError
from core.networks import (
    NETWORKS,
    NetworkConfig,
    NetworkDescription,
    build_network,
    description,
)


@pytest.fixture(params=sorted(NETWORKS))
def network(request: pytest.FixtureRequest) -> NetworkDescription:
    return description(request.param)


def test_a_network_maps_its_inputs_to_its_classes(network: NetworkDescription) -> None:
    outputs = build_network(network.name)(torch.rand(3, *network.input_shape))
    assert outputs.shape == (3, network.num_classes)


def test_a_deployed_network_has_no_dropout(network: NetworkDescription) -> None:
    kinds = {type(module) for module in build_network(network.name).modules()}
    assert not kinds & {nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout}


def test_the_modules_that_dropout_follows_are_there(network: NetworkDescription) -> None:
    modules = dict(build_network(network.name).named_modules())
    assert set(network.dropout_after) <= set(modules)


def test_initial_weights_follow_the_seed(network: NetworkDescription) -> None:
    def weights(seed: int) -> torch.Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return nn.utils.parameters_to_vector(build_network(network.name).parameters())

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_a_wrong_name_lists_the_right_ones() -> None:
    for call in (description, build_network, lambda name: NetworkConfig(name=name)):
        with pytest.raises(ConfigError, match=r"lenet_300_100.*, but got alexnet"):
            call("alexnet")


def test_a_unit_of_a_chain_feeds_only_the_next_layer(network: NetworkDescription) -> None:
    """A unit that is silenced changes nothing but through its column of the next layer."""
    module = build_network(network.name).eval()
    inputs = torch.rand(2, *network.input_shape)
    for chain in network.chains:
        for name, next_name in pairwise(chain):
            layer, following = module.get_submodule(name), module.get_submodule(next_name)
            assert isinstance(layer, nn.Linear | nn.Conv2d)
            assert isinstance(following, nn.Linear | nn.Conv2d)
            columns = following.weight.shape[1] // layer.weight.shape[0]
            with torch.no_grad():
                following.weight[:, :columns] = 0
                before = module(inputs)
                layer.weight[0] += 1
                torch.testing.assert_close(module(inputs), before)
