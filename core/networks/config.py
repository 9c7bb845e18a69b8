"""Which network a run compresses."""

from dataclasses import dataclass, field

from core.errors import require
from core.networks.registry import NETWORKS, description
from core.networks.treatment import Treatment


@dataclass(kw_only=True)
class NetworkConfig:
    """The network of a run.

    Attributes:
        name: its name in the registry; with a factory what compressed files call it, by default
            the factory's own name.
        factory: ``package.module:callable`` that makes a network of one's own; None takes one of
            the registry's.
        checkpoint: file with the weights of a network of one's own: a state dict that torch saved,
            or safetensors.
        clustered: patterns of tensors that are clustered, though they are vectors or norms.
        kept: patterns of weights that are not clustered, but rounded to ``kept_bits``.
        exact: patterns of tensors that are left alone, neither trained nor rounded.
        kept_bits: bits of a number of a kept tensor; None keeps 32-bit floats.
        groups: patterns of clustered tensors that have a mixture of their own, one a pattern.
    """

    name: str = "lenet_300_100"
    factory: str | None = None
    checkpoint: str | None = None
    clustered: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    exact: list[str] = field(default_factory=list)
    kept_bits: int | None = 8
    groups: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.factory is None:
            description(self.name)
        elif self.name in NETWORKS:
            self.name = self.factory.rpartition(":")[2]
        require(
            self.factory is not None or self.checkpoint is None,
            "model.checkpoint",
            "null without model.factory, whose network it belongs to",
            self.checkpoint,
        )
        require(
            self.kept_bits is None or 2 <= self.kept_bits <= 16,
            "model.kept_bits",
            "from 2 to 16 or null",
            self.kept_bits,
        )

    @property
    def treatment(self) -> Treatment:
        """Which of its tensors are clustered."""
        return Treatment(
            clustered=tuple(self.clustered),
            kept=tuple(self.kept),
            exact=tuple(self.exact),
            kept_bits=self.kept_bits,
            groups=tuple(self.groups),
        )
