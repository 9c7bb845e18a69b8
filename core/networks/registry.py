"""The networks that are known by name; a new one is a file beside this one and a line here."""

from collections.abc import Mapping

from torch import nn

from core.errors import ConfigError
from core.networks.description import NetworkDescription
from core.networks.lenet_5 import LENET_5_CAFFE, LENET_5_SMALL
from core.networks.lenet_300_100 import LENET_300_100
from core.networks.tutorial import TUTORIAL
from core.networks.wrn_16_4 import WRN_16_4

NETWORKS: Mapping[str, NetworkDescription] = {
    network.name: network
    for network in (
        LENET_300_100,
        LENET_5_CAFFE,
        LENET_5_SMALL,
        TUTORIAL,
        WRN_16_4,
    )
}


def description(name: str, key: str = "model.name") -> NetworkDescription:
    """Return the description of the network called ``name``.

    Args:
        name: its name.
        key: the configuration key that it is named by.

    Raises:
        ConfigError: no network is called so; the message lists those there are.
    """
    if name not in NETWORKS:
        raise ConfigError(f"{key} must be one of {', '.join(sorted(NETWORKS))}, but got {name}")
    return NETWORKS[name]


def build_network(name: str) -> nn.Module:
    """Build the network called ``name`` with fresh random weights from torch's global generator.

    Raises:
        ConfigError: no network is called so; the message lists those there are.
    """
    return description(name).build()
