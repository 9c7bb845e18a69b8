"""The networks that can be compressed, by name."""

from core.networks.config import NetworkConfig
from core.networks.description import NetworkDescription
from core.networks.registry import NETWORKS, build_network, description

__all__ = ["NETWORKS", "NetworkConfig", "NetworkDescription", "build_network", "description"]
