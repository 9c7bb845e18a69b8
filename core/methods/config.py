"""Which method compresses, and the hyperparameters that are each method's own."""

from dataclasses import dataclass, field
from typing import Any

from core.method_names import MethodName
from core.methods.deep_compression import DeepCompressionConfig
from core.methods.dynamic_surgery import DynamicSurgeryConfig
from core.methods.low_precision import LowPrecisionConfig
from core.methods.magnitude_pruning import PruningConfig
from core.methods.variational_dropout import VariationalDropoutConfig


@dataclass(kw_only=True)
class MethodConfig:
    """A method and what is its own; what several read stands in the groups that all trials have.

    Attributes:
        name: the method.
        deep_compression: pruning in rounds and trained quantisation.
        dynamic_surgery: pruning with splicing.
        magnitude_pruning: gradual magnitude pruning.
        variational_dropout: dropout rates a weight.
        low_precision: uniform levels without training.
    """

    name: MethodName = MethodName.soft_weight_sharing
    deep_compression: DeepCompressionConfig = field(default_factory=DeepCompressionConfig)
    dynamic_surgery: DynamicSurgeryConfig = field(default_factory=DynamicSurgeryConfig)
    magnitude_pruning: PruningConfig = field(default_factory=PruningConfig)
    variational_dropout: VariationalDropoutConfig = field(default_factory=VariationalDropoutConfig)
    low_precision: LowPrecisionConfig = field(default_factory=LowPrecisionConfig)

    @property
    def own(self) -> Any:
        """The configuration that is the chosen method's own, None where it has none."""
        return getattr(self, self.name.value, None)
