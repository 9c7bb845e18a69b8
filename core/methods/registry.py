"""The methods by name."""

from collections.abc import Callable
from typing import Any

from core.method_names import MethodName
from core.methods.bayesian_compression import BayesianCompression
from core.methods.config import MethodConfig
from core.methods.deep_compression import DeepCompression
from core.methods.dynamic_surgery import DynamicSurgery
from core.methods.interface import Method
from core.methods.low_precision import LowPrecision
from core.methods.magnitude_pruning import MagnitudePruning
from core.methods.soft_weight_sharing import SoftWeightSharing
from core.methods.variational_dropout import VariationalDropout
from core.methods.variational_quantization import VariationalQuantization
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
    if config.name is MethodName.soft_weight_sharing:
        return SoftWeightSharing(prior, retrain, post_processing)
    if config.name is MethodName.low_precision:
        return LowPrecision(config.low_precision, post_processing)
    return _TRAINED[config.name](config.own, retrain, post_processing)


_TRAINED: dict[MethodName, Callable[[Any, RetrainConfig, PostProcessingConfig], Method]] = {
    MethodName.bayesian_compression: BayesianCompression,
    MethodName.deep_compression: DeepCompression,
    MethodName.dynamic_surgery: DynamicSurgery,
    MethodName.magnitude_pruning: MagnitudePruning,
    MethodName.variational_dropout: VariationalDropout,
    MethodName.variational_quantization: VariationalQuantization,
}
