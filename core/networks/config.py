"""Which network a run compresses."""

from dataclasses import dataclass

from core.networks.registry import description


@dataclass(kw_only=True)
class NetworkConfig:
    """The network of a run.

    Attributes:
        name: its name in the registry.
    """

    name: str = "lenet_300_100"

    def __post_init__(self) -> None:
        description(self.name)
