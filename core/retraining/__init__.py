"""The retraining of a network under the mixture prior."""

from core.retraining.config import RetrainConfig
from core.retraining.error_loss import ErrorLoss, variances_of
from core.retraining.flat_weights import FlatWeights, num_weights
from core.retraining.reporting import Reporter
from core.retraining.retrain import Retraining, retrain
from core.retraining.stopping import RetrainingStopped
from core.retraining.training_set import TrainingSet

__all__ = [
    "ErrorLoss",
    "FlatWeights",
    "Reporter",
    "RetrainConfig",
    "Retraining",
    "RetrainingStopped",
    "TrainingSet",
    "num_weights",
    "retrain",
    "variances_of",
]
