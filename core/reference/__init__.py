"""The trained network that a compression starts from: trained once, then cached."""

from core.reference.cache import cached_path, load_or_train_reference, trained_once
from core.reference.chance import require_better_than_chance
from core.reference.config import ActivationPrior, InformationDropoutConfig, ReferenceConfig
from core.reference.epochs import LossOf, OnReferenceEpoch, train_epochs
from core.reference.measured import measured_network
from core.reference.network import ReferenceNetwork
from core.reference.own import (
    check_on,
    describe_network,
    own_reference,
    reference_from_checkpoint,
)
from core.reference.training import train_reference

__all__ = [
    "ActivationPrior",
    "InformationDropoutConfig",
    "LossOf",
    "OnReferenceEpoch",
    "ReferenceConfig",
    "ReferenceNetwork",
    "cached_path",
    "check_on",
    "describe_network",
    "load_or_train_reference",
    "measured_network",
    "own_reference",
    "reference_from_checkpoint",
    "require_better_than_chance",
    "train_epochs",
    "train_reference",
    "trained_once",
]
