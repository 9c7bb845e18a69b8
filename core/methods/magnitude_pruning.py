"""Gradual magnitude pruning (Zhu & Gupta 2017, "To prune, or not to prune", §3): the plain control.

While the network is trained on the error loss alone, the weights of least magnitude are set to
zero, fewer and fewer at a time, and stay there. Beyond that article: all layers compete for the
same places, their magnitudes taken relative to a power of their layer's scale.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool
from torch import Tensor

from core.errors import require
from core.methods.interface import Clustered, record_weights
from core.methods.trained import Pruner, TrainedMethod
from core.methods.training import train
from core.post_processing import quantise
from core.preparation import Preparation
from core.retraining import FlatWeights

_KEY = "method.magnitude_pruning"


@dataclass(kw_only=True)
class PruningConfig:
    """How many weights go, when, and how those of different layers compare.

    Everything else about the training, its length included, is the retraining's.

    Attributes:
        sparsity: share of the reference network's weights that are zero at the end.
        start: fraction of the training before which every weight stays.
        end: fraction of the training at which that share is reached; what is left recovers.
        interval: steps from one choice of weights to the next.
        layer_scaling: magnitudes are divided by this power of the root mean square of what is
            left of their layer; 0 compares them as they are, 1 makes the layers' scales immaterial.
    """

    sparsity: float = 0.98
    start: float = 0.0
    end: float = 0.7
    interval: int = 50
    layer_scaling: float = 0.5

    def __post_init__(self) -> None:
        require(0 < self.sparsity < 1, f"{_KEY}.sparsity", "> 0 and < 1", self.sparsity)
        require(
            0 <= self.start < self.end <= 1,
            f"{_KEY}.start",
            f"in [0, 1] and below {_KEY}.end",
            f"{self.start} with {_KEY}.end={self.end}",
        )
        require(self.interval >= 1, f"{_KEY}.interval", ">= 1", self.interval)
        require(
            0 <= self.layer_scaling <= 1, f"{_KEY}.layer_scaling", "in [0, 1]", self.layer_scaling
        )

    def after_shrinking(self, weights_left: float) -> "PruningConfig":
        """Return the same with the sparsity as a share of the weights that were not cut before.

        Args:
            weights_left: share of the reference network's weights that the shrinking left.

        Raises:
            ConfigError: the shrinking left fewer weights than are to stay.
        """
        cut = 1 - weights_left
        rule = f"> {cut:g} after shrinking"
        require(self.sparsity > cut, f"{_KEY}.sparsity", rule, self.sparsity)
        return replace(self, sparsity=1 - (1 - self.sparsity) / weights_left)


class MagnitudePruning(TrainedMethod[PruningConfig]):
    """The method."""

    def cluster(self, start: Preparation) -> Clustered:
        """Prune while training, and find the centroids of what is left by k-means.

        Raises:
            ConfigError: the shrinking left fewer weights than the pruning is to leave.
            RetrainError: a loss is not finite, or there is no weight to prune.
        """
        weights = start.flat_weights()
        recorder = record_weights(start, weights)
        pruning = Pruning(weights, self.config.after_shrinking(start.report.weights_left))
        train(start, weights, self.retrain, "prune", pruning)
        recorder.retrained()
        tensors = quantise(weights, pruning.kept.long(), self.after.num_centroids)
        return Clustered(weights, tensors, recorder)


class Pruning(Pruner):
    """Sets weights to zero on the way."""

    def __init__(self, weights: FlatWeights, config: PruningConfig) -> None:
        super().__init__(weights)
        self.config = config

    def after_step(self, done: int, num_steps: int) -> None:
        """Choose anew where it is time, and put those that are gone back to zero."""
        if done % self.config.interval == 0 or done == num_steps:
            asked = sparsity(done / num_steps, self.config)
            self.kept = largest(self.weights, self.kept, asked, self.config)
        super().after_step(done, num_steps)


def sparsity(fraction: float, config: PruningConfig) -> float:
    """Return the share of zeros asked for at this point of the training (Eq. 1).

    It is s_f (1 - (1 - t)³), where t goes from 0 at ``start`` to 1 at ``end``.
    """
    done = min(1.0, max(0.0, (fraction - config.start) / (config.end - config.start)))
    return config.sparsity * (1 - (1 - done) ** 3)


def largest(
    weights: FlatWeights, kept: Bool[Tensor, " weights"], sparsity: float, config: PruningConfig
) -> Bool[Tensor, " weights"]:
    """Choose which of the weights that were kept so far still are.

    Args:
        weights: all weights.
        kept: which of them were kept so far.
        sparsity: share of the weights that go; where more are gone already, nothing changes.
        config: how the layers compare.

    Returns:
        The mask of the largest weights, at least one.
    """
    num_weights = kept.numel()
    num_kept = max(1, round((1 - sparsity) * num_weights))
    if num_kept >= int(kept.sum()):
        return kept
    magnitudes = torch.where(kept, weights.values.abs(), -1.0)  # a pruned one never returns
    for magnitude, stays in zip(weights.split(magnitudes), weights.split(kept), strict=True):
        left = magnitude[stays]
        if len(left) > 0:
            scale = left.square().mean().sqrt().clamp_min(torch.finfo(left.dtype).tiny)
            magnitude[stays] = left / scale**config.layer_scaling
    mask = torch.zeros_like(kept)
    mask[magnitudes.topk(num_kept, sorted=False).indices] = True
    return mask
