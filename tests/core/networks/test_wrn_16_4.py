import torch
from torch import nn

from core.networks import build_network
from core.networks.wrn_16_4 import CIFAR_10_MEANS, CIFAR_10_STDS
from core.reference.network import count_parameters


def test_it_has_the_published_number_of_parameters_and_layers() -> None:
    network = build_network("wrn_16_4")
    assert count_parameters(network) == 2_748_890  # 2.7 M in table 5 of its paper
    assert sum(isinstance(module, nn.Conv2d) for module in network.modules()) == 16


def test_its_state_holds_no_constants_of_the_data() -> None:
    assert not [name for name in build_network("wrn_16_4").state_dict() if "standardise" in name]


def test_it_standardises_the_colours_of_the_images_itself() -> None:
    layer = build_network("wrn_16_4").get_submodule("standardise")
    means, stds = (torch.tensor(v).view(1, 3, 1, 1) for v in (CIFAR_10_MEANS, CIFAR_10_STDS))
    torch.testing.assert_close(layer(means + 2 * stds), torch.full((1, 3, 1, 1), 2.0))
