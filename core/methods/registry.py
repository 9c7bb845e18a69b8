"""The methods by name."""

from core.method_names import MethodName
from core.methods.config import MethodConfig
from core.methods.deep_compression import DeepCompression
from core.methods.dynamic_surgery import DynamicSurgery
from core.methods.interface import Method
from core.methods.low_precision import LowPrecision
from core.methods.magnitude_pruning import MagnitudePruning
from core.methods.soft_weight_sharing import SoftWeightSharing
from core.methods.variational_dropout import VariationalDropout
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.retraining import RetrainConfig


def make_method(
    config: MethodConfig,
    prior: PriorConfig,
    retrain: RetrainConfig,
    post_processing: PostProcessingConfig,
) -> Method:
    """Return the method that a configuration names, with what it reads of the configuration."""
    match config.name:
        case MethodName.soft_weight_sharing:
            return SoftWeightSharing(prior, retrain, post_processing)
        case MethodName.deep_compression:
            return DeepCompression(config.deep_compression, retrain, post_processing)
        case MethodName.dynamic_surgery:
            return DynamicSurgery(config.dynamic_surgery, retrain, post_processing)
        case MethodName.magnitude_pruning:
            return MagnitudePruning(config.magnitude_pruning, retrain, post_processing)
        case MethodName.variational_dropout:
            return VariationalDropout(config.variational_dropout, retrain, post_processing)
        case MethodName.low_precision:
            return LowPrecision(config.low_precision, post_processing)
