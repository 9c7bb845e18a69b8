"""Dynamic network surgery (Guo, Yao & Chen 2016): pruning on the way, with splicing.

The network computes with W ⊙ T, T a mask, but every weight follows the gradient, also one that is
cut (Eq. 2: W ← W - β dL/d(W ⊙ T)). Now and then T is chosen anew by magnitude (Eq. 3):

    h(w) = 0 where |w| < a,  T as it is where a <= |w| < b,  1 where b <= |w|

so a weight that was wrongly cut grows and is spliced in again. As in the authors' code the two
thresholds stand a tenth below and above c times the spread of a layer's magnitudes over their mean,
as they are at the start, and T is chosen anew with probability (1 + γ step)^-power, never after the
last part of the training. Adam stands in the place of gradient descent.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from core.checkpoint import State, restore_generator
from core.errors import require
from core.methods.interface import Clustered, record_weights
from core.methods.trained import TrainedMethod
from core.methods.training import Addition, train
from core.post_processing import quantise
from core.preparation import Preparation
from core.retraining import FlatWeights

MARGIN = 0.1  # of the thresholds below and above the middle between them, as the authors' code has

_KEY = "method.dynamic_surgery"


@dataclass(kw_only=True)
class DynamicSurgeryConfig:
    """Where the thresholds lie, and when the mask is chosen.

    Attributes:
        c_rate: thresholds of a full layer lie about mean + c_rate std of its magnitudes.
        convolution_c_rate: the same of a convolution.
        output_c_rate: the same of the last layer, whatever its kind.
        gamma: the mask is chosen anew with probability (1 + gamma step)^-power.
        power: in that probability.
        stop: fraction of the training after which the mask stays.
    """

    c_rate: float = 4.5
    convolution_c_rate: float = 1.0
    output_c_rate: float = 1.0
    gamma: float = 1e-4
    power: float = 1.0
    stop: float = 0.8

    def __post_init__(self) -> None:
        for name in ("gamma", "power"):
            value = getattr(self, name)
            require(value >= 0, f"{_KEY}.{name}", ">= 0", value)
        require(0 < self.stop <= 1, f"{_KEY}.stop", "> 0 and <= 1", self.stop)

    def rates_of(self, shapes: Sequence[torch.Size]) -> list[float]:
        """Return the rate of each layer with weights of these shapes, in the network's order."""
        rates = [self.convolution_c_rate if len(s) > 2 else self.c_rate for s in shapes]
        return [*rates[:-1], self.output_c_rate] if rates else []


class DynamicSurgery(TrainedMethod[DynamicSurgeryConfig]):
    """The method."""

    def cluster(self, start: Preparation) -> Clustered:
        """Cut and splice while training, and find the centroids of what is left by k-means.

        Raises:
            RetrainError: a loss is not finite, or there is no weight to prune.
        """
        weights = start.flat_weights()
        recorder = record_weights(start, weights)
        surgery = Surgery(weights, self.config, self.retrain.seed)
        train(start, weights, self.retrain, "surgery", surgery)
        weights.values.mul_(surgery.mask)
        recorder.retrained()
        tensors = quantise(weights, surgery.mask.long(), self.after.num_centroids)
        return Clustered(weights, tensors, recorder)


class Surgery(Addition):
    """Cuts and splices.

    Attributes:
        mask: which weights the network has, T in the paper.
        middles: the middle between both thresholds for each weight.
    """

    def __init__(self, weights: FlatWeights, config: DynamicSurgeryConfig, seed: int) -> None:
        self.weights, self.config = weights, config
        self.mask: Bool[Tensor, " weights"] = torch.ones_like(weights.values, dtype=torch.bool)
        self.middles: Float[Tensor, " weights"] = torch.empty_like(weights.values)
        self._generator = torch.Generator().manual_seed(seed)
        split = weights.split
        for values, middle, rate in zip(
            split(weights.values), split(self.middles), config.rates_of(weights.shapes), strict=True
        ):
            middle.fill_(threshold(values, rate))

    def before_step(self, done: int, num_steps: int) -> None:
        """Choose the mask anew, with the probability of this step."""
        drawn = float(torch.rand((), generator=self._generator))
        probability = (1 + self.config.gamma * done) ** -self.config.power
        if done < self.config.stop * num_steps and drawn < probability:
            self.mask = cut_and_splice(self.weights.values, self.mask, self.middles)

    @contextmanager
    def in_use(self, *, training: bool) -> Iterator[None]:
        """Let the network have the masked weights; gradients go to all of them.

        Args:
            training: makes no difference here.
        """
        values = self.weights.values
        latent = values.clone()
        values.mul_(self.mask)
        try:
            yield
        finally:
            values.copy_(latent)

    def nonzero_fraction(self) -> float:
        """Share of the weights that the network has."""
        return float(self.mask.float().mean())

    def save(self) -> State:
        """Return the mask, the thresholds and the state of the chance."""
        return {
            "mask": self.mask,
            "middles": self.middles,
            "generator": self._generator.get_state(),
        }

    def restore(self, state: State) -> None:
        """Take over what ``save`` returned."""
        self.mask = state["mask"].to(self.mask.device)
        self.middles = state["middles"].to(self.middles.device)
        restore_generator(self._generator, state["generator"])


def threshold(values: Float[Tensor, "..."], c_rate: float) -> float:
    """Return the middle of a layer's thresholds, mean + c_rate std of its non-zero magnitudes."""
    magnitudes = values.abs()[values != 0]
    if magnitudes.numel() == 0:
        return 0.0
    spread = float(magnitudes.std(correction=0))
    return max(0.0, float(magnitudes.mean()) + c_rate * spread)


def cut_and_splice(
    weights: Float[Tensor, " weights"],
    mask: Bool[Tensor, " weights"],
    middles: Float[Tensor, " weights"],
) -> Bool[Tensor, " weights"]:
    """Return the mask anew (Eq. 3): small weights are cut, large ones spliced in, others stay.

    Args:
        weights: all of them, also those that are cut.
        mask: which were there until now.
        middles: between the two thresholds, a tenth below and above.
    """
    magnitudes = weights.abs()
    spliced = magnitudes >= (1 + MARGIN) * middles
    return spliced | (mask & (magnitudes >= (1 - MARGIN) * middles))
