"""What all methods have in common that train the network in a way of their own."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from jaxtyping import Bool
from torch import Tensor

from core.checkpoint import State
from core.methods.training import Addition
from core.post_processing import PostProcessingConfig
from core.retraining import FlatWeights, RetrainConfig

Config = TypeVar("Config")


@dataclass(frozen=True)
class TrainedMethod(Generic[Config]):
    """A method whose training takes the place of the retraining, in as many epochs.

    Attributes:
        config: its own hyperparameters.
        retrain: epochs, batch size, the weights' rate and its schedule, and the seed.
        after: number of centroids, and what follows.
    """

    config: Config
    retrain: RetrainConfig
    after: PostProcessingConfig

    @property
    def num_epochs(self) -> int:
        """Epochs of its training."""
        return self.retrain.num_epochs

    @property
    def post_processing(self) -> PostProcessingConfig:
        """What follows it."""
        return self.after


class Pruner(Addition):
    """Sets weights to zero on the way, for good.

    Attributes:
        kept: which weights are left; the others are zero.
    """

    def __init__(self, weights: FlatWeights) -> None:
        self.weights = weights
        self.kept: Bool[Tensor, " weights"] = torch.ones_like(weights.values, dtype=torch.bool)

    def after_step(self, done: int, num_steps: int) -> None:
        """Put the weights that are gone back to zero."""
        self.weights.values.mul_(self.kept)

    def nonzero_fraction(self) -> float:
        """Share of the weights that are left."""
        return float(self.kept.float().mean())

    def save(self) -> State:
        """Return the mask."""
        return {"kept": self.kept}

    def restore(self, state: State) -> None:
        """Take over a mask."""
        self.kept = state["kept"].to(self.kept.device)
