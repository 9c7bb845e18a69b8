"""The networks that can be compressed, by name."""

from core.networks.config import NetworkConfig
from core.networks.description import NetworkDescription
from core.networks.own import own_network
from core.networks.parametrisations import unparametrise
from core.networks.registry import NETWORKS, build_network, description
from core.networks.states import load_state, shared_names, state_of
from core.networks.treatment import STANDARD, Treatment

__all__ = [
    "NETWORKS",
    "STANDARD",
    "NetworkConfig",
    "NetworkDescription",
    "Treatment",
    "build_network",
    "description",
    "load_state",
    "own_network",
    "shared_names",
    "state_of",
    "unparametrise",
]
