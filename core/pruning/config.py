"""Configuration of gradual magnitude pruning (Zhu & Gupta 2017, §3)."""

from dataclasses import dataclass, replace

from core.errors import require


@dataclass(kw_only=True)
class PruningConfig:
    """How many weights go, when, and how those of different layers compare.

    Everything else about the training, its length included, is the retraining's.

    Attributes:
        sparsity: share of the reference network's weights that are zero at the end.
        start: fraction of the training before which every weight stays.
        end: fraction of the training at which that share is reached; what is left recovers.
        interval: steps from one choice of weights to the next.
        layer_scaling: magnitudes are divided by this power of the root mean square of what is
            left of their layer; 0 compares them as they are, 1 makes the layers' scales immaterial.
    """

    sparsity: float = 0.98
    start: float = 0.0
    end: float = 0.7
    interval: int = 50
    layer_scaling: float = 0.5

    def __post_init__(self) -> None:
        require(0 < self.sparsity < 1, "pruning.sparsity", "> 0 and < 1", self.sparsity)
        require(
            0 <= self.start < self.end <= 1,
            "pruning.start",
            "in [0, 1] and below pruning.end",
            f"{self.start} with pruning.end={self.end}",
        )
        require(self.interval >= 1, "pruning.interval", ">= 1", self.interval)
        require(
            0 <= self.layer_scaling <= 1, "pruning.layer_scaling", "in [0, 1]", self.layer_scaling
        )

    def after_shrinking(self, weights_left: float) -> "PruningConfig":
        """Return the same with the sparsity as a share of the weights that were not cut before.

        Args:
            weights_left: share of the reference network's weights that the shrinking left.

        Raises:
            ConfigError: the shrinking left fewer weights than are to stay.
        """
        cut = 1 - weights_left
        rule = f"> {cut:g} after shrinking"
        require(self.sparsity > cut, "pruning.sparsity", rule, self.sparsity)
        return replace(self, sparsity=1 - (1 - self.sparsity) / weights_left)
