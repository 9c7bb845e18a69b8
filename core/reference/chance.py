"""The least that is asked of a reference network: to know more than which class is commonest.

By a metric of one's own it must be no worse than the same answers to other examples: one that
improves the other way would call every damage a gain.
"""

import torch

from core.data import Data
from core.errors import ConfigError, RetrainError
from core.evaluation import outputs_of
from core.metric import Direction
from core.networks import NETWORKS
from core.reference.network import ReferenceNetwork

_KINDS = {"reference": "reference network", "student": "student"}


def require_better_than_chance(
    reference: ReferenceNetwork, data: Data, group: str = "reference"
) -> None:
    """Refuse a network that errs as often as one answer to every image would.

    A compression would only remove what is not there, at any rate and without loss.

    Args:
        reference: the network, with its validation error.
        data: the data that the error was measured on.
        group: configuration group of its training, to name a remedy by.

    Raises:
        RetrainError: it is no better than the commonest class of the validation images.
    """
    counts = torch.bincount(data.validation.labels)
    chance = 1 - int(counts.max()) / len(data.validation)
    remedy = f"train it with another {group}.lr or more {group}.num_epochs, or look at the labels"
    is_ours = group == "student" or reference.network_name in NETWORKS
    if reference.described is not None and not is_ours:
        remedy = "look at its weights, at how the inputs are scaled, and at the labels"
    if not reference.validation_error < chance:
        raise RetrainError(
            f"the validation error of the {_KINDS[group]} {reference.network_name} must be below "
            f"{100 * chance:.2f} %, what the commonest class alone gives on {data.name}, but is "
            f"{100 * reference.validation_error:.2f} %; {remedy}"
        )


def require_right_direction(reference: ReferenceNetwork, data: Data) -> None:
    """Refuse a metric that finds a network's answers better if they are mixed up.

    Args:
        reference: the network, with its validation error by that metric.
        data: the data that the error was measured on.

    Raises:
        ConfigError: it does.
    """
    metric, split = data.metric, data.validation
    outputs = outputs_of(reference.build(split.inputs.device), split)
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(0))
    mixed_up = metric.error(outputs[order.to(outputs.device)], split.labels)
    if reference.validation_error > mixed_up:
        (other,) = set(Direction) - {metric.direction}
        raise ConfigError(
            f"metric.direction must be the way in which {metric.name} improves, but by "
            f"{metric.direction.value} the network is worse than its own answers given to other "
            f"examples of {data.name}; set metric.direction={other.value}, or look at its weights"
        )
