"""Deep compression (Han, Mao & Dally 2015): iterative pruning, then trained quantisation.

Pruning in rounds (Han, Pool, Tran & Dally 2015, §3.4): weights below a threshold, a quality
parameter times the standard deviation of their layer's weights (§4), are removed for good, the
others trained on.
Then each layer's weights share 2^b values, found by k-means that begins evenly between the smallest
and the largest weight (§3.2, "linear initialisation"), and the values are trained by the sums of
their weights' gradients (§3.3) while no weight changes its value: ``core.post_processing``
does that. Their Huffman code is in the accounting of the paper, ``han_compression_rate``; the file
is the one of all methods.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from core.errors import require
from core.methods.interface import Clustered, record_weights
from core.methods.trained import Pruner, TrainedMethod
from core.methods.training import train
from core.post_processing import PostProcessingConfig, QuantisedTensor
from core.post_processing.quantisation import k_means, quantise_tensor
from core.preparation import Preparation
from core.retraining import FlatWeights

_KEY = "method.deep_compression"


@dataclass(kw_only=True)
class DeepCompressionConfig:
    """How much is pruned, and how many values are left.

    Attributes:
        quality: threshold of a full layer, in standard deviations of what is left of its weights.
        convolution_quality: the same of a convolution.
        num_prunings: rounds of pruning and training, the first before all training.
        last_pruning: fraction of the training at which the last round begins, the others evenly
            before it; what it leaves needs the most training, and the rate falls.
        bits: bits of a full layer's non-zero weight: 2^bits shared values.
        convolution_bits: the same of a convolution.
    """

    quality: float = 0.75
    convolution_quality: float = 0.5
    num_prunings: int = 8
    last_pruning: float = 0.6
    bits: int = 2
    convolution_bits: int = 4

    def __post_init__(self) -> None:
        for name in ("quality", "convolution_quality"):
            value = getattr(self, name)
            require(value >= 0, f"{_KEY}.{name}", ">= 0", value)
        require(self.num_prunings >= 1, f"{_KEY}.num_prunings", ">= 1", self.num_prunings)
        last = self.last_pruning
        require(0 <= last < 1, f"{_KEY}.last_pruning", ">= 0 and < 1", last)
        for name in ("bits", "convolution_bits"):
            value = getattr(self, name)
            require(1 <= value <= 8, f"{_KEY}.{name}", "from 1 to 8", value)

    def quality_of(self, shape: torch.Size) -> float:
        """Return the quality parameter of a layer with weights of this shape."""
        return self.convolution_quality if len(shape) > 2 else self.quality

    def bits_of(self, shape: torch.Size) -> int:
        """Return the bits of a layer with weights of this shape."""
        return self.convolution_bits if len(shape) > 2 else self.bits


class DeepCompression(TrainedMethod[DeepCompressionConfig]):
    """The method."""

    @property
    def post_processing(self) -> PostProcessingConfig:
        """What follows, with every weight fixed to its shared value."""
        return replace(self.after, reassign_until=0.0, rate_weight=0.0)

    def cluster(self, start: Preparation) -> Clustered:
        """Prune in rounds, and let what is left share few values.

        Raises:
            RetrainError: a loss is not finite, or there is no weight to prune.
        """
        weights = start.flat_weights()
        recorder = record_weights(start, weights)
        pruning = IterativePruning(weights, self.config)
        train(start, weights, self.retrain, "prune", pruning)
        recorder.retrained()
        tensors = [
            share_weights(name, values, kept, self.config)
            for name, values, kept in zip(
                weights.names,
                weights.split(weights.values),
                weights.split(pruning.kept),
                strict=True,
            )
        ]
        return Clustered(weights, tensors, recorder)


class IterativePruning(Pruner):
    """Removes small weights at the beginning of every round."""

    def __init__(self, weights: FlatWeights, config: DeepCompressionConfig) -> None:
        super().__init__(weights)
        self.config = config

    def before_step(self, done: int, num_steps: int) -> None:
        """Prune where a round begins."""
        for _ in range(beginnings(num_steps, self.config).count(done)):
            self.prune()

    def prune(self) -> None:
        """Remove what is below its layer's threshold; the largest weight of a layer stays."""
        split = self.weights.split
        for values, kept in zip(split(self.weights.values), split(self.kept), strict=True):
            left = values[kept]
            if len(left) > 1:
                limit = threshold(left, self.config.quality_of(values.shape))
                kept.logical_and_(values.abs() >= min(limit, float(left.abs().max())))
        self.weights.values.mul_(self.kept)


def beginnings(num_steps: int, config: DeepCompressionConfig) -> list[int]:
    """Return the step of the training before which each round prunes, ascending."""
    gaps = max(1, config.num_prunings - 1)
    last = config.last_pruning * num_steps
    return [round(last * number / gaps) for number in range(config.num_prunings)]


def threshold(left: Float[Tensor, " left"], quality: float) -> float:
    """Return the magnitude below which a layer's weights are pruned.

    Args:
        left: its weights that are not pruned yet, two or more.
        quality: in standard deviations of those.
    """
    return quality * float(left.std())


def share_weights(
    name: str,
    values: Float[Tensor, "..."],
    kept: Bool[Tensor, "..."],
    config: DeepCompressionConfig,
) -> QuantisedTensor:
    """Cluster what is left of a layer into 2^bits values by k-means, linearly initialised."""
    left = values[kept]
    num_shared = 2 ** config.bits_of(values.shape)
    begin = left.new_zeros(0)
    if len(left) > 0:
        begin = torch.linspace(float(left.min()), float(left.max()), num_shared)
    components = kept.long()
    components[kept] = 1 + k_means(left, num_shared, begin.to(left.device))
    return quantise_tensor(name, values, components, None)
