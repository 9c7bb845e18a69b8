"""Which method compresses, and the hyperparameters that are each method's own."""

from dataclasses import dataclass, field
from typing import Any

from core.method_names import MethodName
from core.methods.magnitude_pruning import PruningConfig


@dataclass(kw_only=True)
class MethodConfig:
    """A method and what is its own; what several read stands in the groups that all trials have.

    Attributes:
        name: the method.
        magnitude_pruning: gradual magnitude pruning's own.
    """

    name: MethodName = MethodName.soft_weight_sharing
    magnitude_pruning: PruningConfig = field(default_factory=PruningConfig)

    @property
    def own(self) -> Any:
        """The configuration that is the chosen method's own, None where it has none."""
        return getattr(self, self.name.value, None)
