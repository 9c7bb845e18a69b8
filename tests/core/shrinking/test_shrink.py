"""Units are cut in stages; what is left is a smaller network of the same kind."""

from dataclasses import replace

import pytest
import torch

from core.errors import ConfigError
from core.networks import description
from core.retraining import ErrorLoss, Reporter, TrainingSet
from core.shrinking import ShrinkingConfig, embed, equalise, shrink
from core.shrinking.shrink import importance
from tests.data_sets import small_data, small_reference


def shrunk(units: list[int], num_epochs: int = 0) -> tuple[torch.nn.Module, list[str]]:
    network = small_reference().build()
    phases: list[str] = []
    shrink(
        network,
        description("lenet_300_100").chains,
        TrainingSet(small_data().train, small_reference().build(), 2.0),
        ErrorLoss(1.0, 2.0),
        small_data().validation,
        ShrinkingConfig(units=units, num_epochs=num_epochs, num_stages=2),
        seed=0,
        report=Reporter(num_epochs, 9, lambda report: phases.append(report.phase)),
    )
    return network, phases


def test_layers_have_the_units_asked_for():
    network, phases = shrunk([40, 20], num_epochs=2)
    assert network.hidden1.weight.shape == (40, 784)
    assert network.hidden2.weight.shape == (20, 40)
    assert network.output.weight.shape == (10, 20)
    assert network.hidden1.bias.shape == (40,)
    assert (network.hidden2.in_features, network.hidden2.out_features) == (40, 20)
    assert phases == ["shrink", "shrink"]


def test_keeping_all_units_changes_nothing():
    network, _ = shrunk([300, 100])
    inputs = small_data().test.inputs[:5]
    torch.testing.assert_close(network(inputs), small_reference().build()(inputs))


def test_the_least_important_units_go():
    reference = small_reference().build()
    worth = importance(reference.hidden1.weight, reference.hidden2.weight)
    kept = worth.topk(60).indices.sort().values
    network, _ = shrunk([60, 100])
    # two stages cut one after the other: of one layer alone the importance does not change
    torch.testing.assert_close(network.hidden1.weight, reference.hidden1.weight[kept])


def test_convolutions_hand_their_filters_to_all_places_of_the_next_layer():
    network = description("lenet_5_caffe").build()
    data = small_data()
    shrink(
        network,
        description("lenet_5_caffe").chains,
        TrainingSet(
            replace(data.train, inputs=data.train.inputs[:4], labels=data.train.labels[:4]),
            description("lenet_5_caffe").build(),
            2.0,
        ),
        ErrorLoss(1.0, 2.0),
        data.validation,
        ShrinkingConfig(units=[5, 7, 11], num_epochs=0),
        seed=0,
        report=Reporter(0, 9, None),
    )
    assert network.conv2.weight.shape == (7, 5, 5, 5)
    assert network.hidden1.weight.shape == (11, 7 * 16)
    assert network(data.test.inputs[:2]).shape == (2, 10)


@pytest.mark.parametrize("units", [[3], [301, 10], [10, 10, 10]])
def test_units_that_are_not_there_are_refused_in_one_line(units):
    with pytest.raises(
        ConfigError,
        match=r"shrinking.units must be one number for each of hidden1 \(at most 300\), "
        r"hidden2 \(at most 100\), but got",
    ):
        shrunk(units)


def test_a_part_stands_at_the_start_of_every_axis():
    whole = embed(torch.ones(2, 1, 2), torch.Size([3, 2, 2]))
    assert whole.shape == (3, 2, 2)
    assert whole.sum() == 4
    assert bool(whole[:2, :1].all())


@pytest.mark.parametrize("name", ["lenet_300_100", "lenet_5_caffe"])
def test_equalised_layers_have_one_scale_and_the_network_computes_the_same(name):
    described = description(name)
    network = described.build()
    with torch.no_grad():
        network.output.weight.mul_(7)
    inputs = torch.rand(4, *described.input_shape)
    before = network(inputs)
    assert equalise(network, described.chains, described.input_shape)
    torch.testing.assert_close(network(inputs), before, atol=1e-4, rtol=1e-3)
    layers = [network.get_submodule(layer) for layer in described.chains[0]]
    scales = [(x.weight.pow(4).mean() / x.weight.pow(2).mean()).sqrt().item() for x in layers]
    assert max(scales) == pytest.approx(min(scales), rel=1e-4)


def test_a_network_that_bends_is_left_as_it_is():
    network = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Sigmoid(), torch.nn.Linear(4, 2))
    with torch.no_grad():
        network[0].weight.mul_(20)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert not equalise(network, (("0", "2"),), (4,))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
