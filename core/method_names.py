"""The compression methods by name, and which configuration keys have an effect on each.

It stands outside the room ``core.methods`` because those who only name methods need no torch.
"""

from enum import Enum


class MethodName(Enum):
    """How configurations and records call the methods."""

    soft_weight_sharing = "soft_weight_sharing"
    deep_compression = "deep_compression"
    bayesian_compression = "bayesian_compression"
    dynamic_surgery = "dynamic_surgery"
    magnitude_pruning = "magnitude_pruning"
    variational_dropout = "variational_dropout"
    variational_quantization = "variational_quantization"
    low_precision = "low_precision"


_OF_THE_PRIOR = frozenset(
    {
        "prior.",
        "retrain.lr_means",
        "retrain.lr_log_precisions",
        "retrain.lr_mixing",
        "retrain.tau",
        "retrain.tau_warm_up",
        "retrain.mask_from",
        "retrain.stop_hopeless",
        "post_processing.merge_threshold",
        "post_processing.drop_dead_components",
    }
)

_OF_TRAINING = frozenset(
    {
        "retrain.num_epochs",
        "retrain.batch_size",
        "retrain.lr_weights",
        "retrain.lr_final_fraction",
        "post_processing.num_centroids",
        "post_processing.fine_tuning_epochs",
        "post_processing.lr_codebook",
        "post_processing.reassign_until",
        "post_processing.rate_weight",
    }
)

_OF_REASSIGNMENT = frozenset(
    {
        "post_processing.num_centroids",
        "post_processing.reassign_until",
        "post_processing.rate_weight",
    }
)

_IGNORED: dict[MethodName, frozenset[str]] = {
    MethodName.soft_weight_sharing: frozenset(),
    MethodName.deep_compression: _OF_THE_PRIOR | _OF_REASSIGNMENT,
    MethodName.bayesian_compression: _OF_THE_PRIOR | {"post_processing.num_centroids"},
    MethodName.dynamic_surgery: _OF_THE_PRIOR,
    MethodName.magnitude_pruning: _OF_THE_PRIOR,
    MethodName.variational_dropout: _OF_THE_PRIOR,
    MethodName.variational_quantization: _OF_THE_PRIOR | {"post_processing.num_centroids"},
    MethodName.low_precision: _OF_THE_PRIOR | _OF_TRAINING,
}
"""Keys of a trial without effect on a method; a dot at the end means all of a group."""


def reads(method: MethodName, key: str) -> bool:
    """Return whether a dotted key of a trial's configuration has an effect on a method.

    Of the keys below ``method`` it reads its name and what is its own.
    """
    group, _, rest = key.partition(".")
    if group == "method":
        return rest == "name" or rest.partition(".")[0] == method.value
    return key not in _IGNORED[method] and f"{group}." not in _IGNORED[method]
