"""Low precision after training: uniform levels a tensor and no training, the floor of the field.

A weight becomes its nearest level q Δ, q a whole number of b bits without the lowest one, so that
the levels are even about an exact zero (Krishnamoorthi 2018, "Quantizing deep convolutional
networks for efficient inference", §2.2). The step Δ covers the largest weight, or has the least
squared error, which pays for clipped weights with finer levels (Sung, Shin & Hwang 2015).
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.errors import RetrainError, require
from core.methods.interface import Clustered, record_weights
from core.post_processing import PostProcessingConfig, QuantisedTensor
from core.preparation import Preparation

NUM_STEPS_TRIED = 100  # between a fiftieth and the whole of what covers the largest weight


@dataclass(kw_only=True)
class LowPrecisionConfig:
    """How many levels there are, and how far they reach.

    Attributes:
        num_bits: of a weight, before entropy coding: 2^num_bits - 1 levels a tensor.
        clip: whether the step is the one of least squared error; otherwise all weights are covered.
    """

    num_bits: int = 5
    clip: bool = True

    def __post_init__(self) -> None:
        rule = "from 2 to 8"
        require(2 <= self.num_bits <= 8, "method.low_precision.num_bits", rule, self.num_bits)


@dataclass(frozen=True)
class LowPrecision:
    """The method.

    Attributes:
        config: how many levels.
        after: what follows; there is no fine-tuning.
    """

    config: LowPrecisionConfig
    after: PostProcessingConfig

    @property
    def num_epochs(self) -> int:
        """None."""
        return 0

    @property
    def post_processing(self) -> PostProcessingConfig:
        """What follows, without fine-tuning."""
        return replace(self.after, fine_tuning_epochs=0)

    def cluster(self, start: Preparation) -> Clustered:
        """Round every weight to the nearest level of its tensor.

        Raises:
            RetrainError: there is no weight.
        """
        weights = start.flat_weights()
        if weights.values.numel() == 0:
            raise RetrainError("the network has no weight that can be compressed")
        recorder = record_weights(start, weights)
        tensors = []
        for name, values in zip(weights.names, weights.split(weights.values), strict=True):
            levels, step = uniform_levels(values, self.config.num_bits, clip=self.config.clip)
            tensors.append(as_codebook(name, levels, step))
        return Clustered(weights, tensors, recorder)


def uniform_levels(
    values: Float[Tensor, "..."], num_bits: int, *, clip: bool
) -> tuple[Int[Tensor, "..."], float]:
    """Return the nearest level of each value, and the step between levels.

    Args:
        values: finite.
        num_bits: a level lies in [-(2^(num_bits - 1) - 1), 2^(num_bits - 1) - 1].
        clip: whether the step has the least squared error, or covers all values.
    """
    highest = 2 ** (num_bits - 1) - 1
    largest = float(values.abs().max())
    if largest == 0:
        return torch.zeros_like(values, dtype=torch.int64), 1.0
    step = largest / highest
    if clip:
        shares = torch.linspace(0.02, 1.0, NUM_STEPS_TRIED).tolist()
        step = min((share * step for share in shares), key=lambda s: _error(values, s, highest))
        levels = _levels(values, step, highest).to(values.dtype)
        # for these levels the best step has a closed form
        step = float((values * levels).sum() / levels.square().sum())
    return _levels(values, step, highest), step


def as_codebook(name: str, levels: Int[Tensor, "..."], step: float) -> QuantisedTensor:
    """Return whole levels as indices into the codebook of those that are used, the zero first."""
    used, places = torch.unique(levels, return_inverse=True)
    ranks = torch.where(used == 0, 0, torch.cumsum(used != 0, dim=0))
    nonzero = used[used != 0]
    codebook = step * torch.cat([nonzero.new_zeros(1), nonzero]).float()
    return QuantisedTensor(name, ranks[places], codebook)


def _levels(values: Tensor, step: float, highest: int) -> Tensor:
    return (values / step).round().clamp(-highest, highest).long()


def _error(values: Tensor, step: float, highest: int) -> float:
    rounded = (values / step).round_().clamp_(-highest, highest).mul_(step)
    return float((rounded - values).square().sum())
