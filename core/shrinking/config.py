"""Configuration of what happens to the reference network before the retraining."""

from dataclasses import dataclass, field

from core.errors import require


@dataclass(kw_only=True)
class ShrinkingConfig:
    """Structured shrinking under distillation, and the common scale of the layers.

    Attributes:
        units: how many units stay in each hidden layer of the network's chains, in their order;
            empty keeps all. What is left trains faster by the share of multiplications that went.
        num_stages: the units go in so many cuts, the same share each time.
        num_epochs: passes over the training data after all cuts together, the same number each.
        batch_size: training examples a step.
        lr: Adam's rate after a cut; it falls on a cosine to a tenth until the next.
        equalise: whether the layers are brought to one scale first, which changes nothing that the
            network computes where rectified linear units and pooling lie between them.
    """

    units: list[int] = field(default_factory=list)
    num_stages: int = 4
    num_epochs: int = 8
    batch_size: int = 128
    lr: float = 1e-3
    equalise: bool = False

    def __post_init__(self) -> None:
        require(all(units >= 1 for units in self.units), "shrinking.units", ">= 1 each", self.units)
        for name in ("num_stages", "batch_size"):
            value = getattr(self, name)
            require(value >= 1, f"shrinking.{name}", ">= 1", value)
        require(self.num_epochs >= 0, "shrinking.num_epochs", ">= 0", self.num_epochs)
        require(self.lr > 0, "shrinking.lr", "> 0", self.lr)
