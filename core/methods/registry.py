"""The methods by name."""

from core.method_names import MethodName
from core.methods.config import MethodConfig
from core.methods.interface import Method
from core.methods.magnitude_pruning import MagnitudePruning
from core.methods.soft_weight_sharing import SoftWeightSharing
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
        case MethodName.magnitude_pruning:
            return MagnitudePruning(config.magnitude_pruning, retrain, post_processing)
