"""The methods by name, and what each of them reads of a configuration."""

from core.methods.config import MethodConfig, MethodName
from core.methods.interface import Method
from core.methods.magnitude_pruning import MagnitudePruning
from core.methods.soft_weight_sharing import SoftWeightSharing
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.retraining import RetrainConfig

METHODS: dict[MethodName, type[Method]] = {
    MethodName.soft_weight_sharing: SoftWeightSharing,
    MethodName.magnitude_pruning: MagnitudePruning,
}


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


def reads(method: MethodName, key: str) -> bool:
    """Return whether a configuration key, as ``retrain.tau``, has an effect on a method."""
    group, _, rest = key.partition(".")
    if group == "method":
        return rest == "name" or rest.partition(".")[0] == method.value
    ignored = METHODS[method].ignores
    return key not in ignored and f"{group}." not in ignored
