"""Which method compresses, and the hyperparameters that are each method's own."""

from dataclasses import dataclass, field
from typing import Any

from core.method_names import MethodName
from core.methods.bayesian_compression import BayesianCompressionConfig
from core.methods.deep_compression import DeepCompressionConfig
from core.methods.dynamic_surgery import DynamicSurgeryConfig
from core.methods.low_precision import LowPrecisionConfig
from core.methods.magnitude_pruning import PruningConfig
from core.methods.variational_dropout import VariationalDropoutConfig
from core.methods.variational_quantization import VariationalQuantizationConfig


@dataclass(kw_only=True)
class MethodConfig:
    """A method and what is its own; what several read stands in the groups that all trials have.

    Attributes:
        name: the method.
        bayesian_compression: groups of weights under a sparse prior.
        deep_compression: pruning in rounds and trained quantisation.
        dynamic_surgery: pruning with splicing.
        magnitude_pruning: gradual magnitude pruning.
        variational_dropout: dropout rates a weight.
        variational_quantization: a ternary codebook as the prior's spikes.
        low_precision: uniform levels without training.
    """

    name: MethodName = MethodName.soft_weight_sharing
    bayesian_compression: BayesianCompressionConfig = field(
        default_factory=BayesianCompressionConfig
    )
    deep_compression: DeepCompressionConfig = field(default_factory=DeepCompressionConfig)
    dynamic_surgery: DynamicSurgeryConfig = field(default_factory=DynamicSurgeryConfig)
    magnitude_pruning: PruningConfig = field(default_factory=PruningConfig)
    variational_dropout: VariationalDropoutConfig = field(default_factory=VariationalDropoutConfig)
    variational_quantization: VariationalQuantizationConfig = field(
        default_factory=VariationalQuantizationConfig
    )
    low_precision: LowPrecisionConfig = field(default_factory=LowPrecisionConfig)

    @property
    def own(self) -> Any:
        """The configuration that is the chosen method's own, None where it has none."""
        return getattr(self, self.name.value, None)
