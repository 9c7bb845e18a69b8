"""The error loss: cross-entropy with the labels, distillation from the reference, or a blend.

Distillation follows Hinton, Vinyals & Dean (2015): T² KL(reference || network) between softmaxes
at temperature T, in nats a training example.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class ErrorLoss:
    """The error loss of one training set.

    Attributes:
        labels: class of every training example.
        targets: the reference network's softmax at ``temperature`` for every training example.
        distillation: share of the distillation in the loss, the rest is cross-entropy.
        temperature: temperature of the distillation's softmaxes.
    """

    labels: Int[Tensor, " examples"]
    targets: Float[Tensor, "examples classes"]
    distillation: float
    temperature: float

    @classmethod
    def from_reference(
        cls,
        logits: Float[Tensor, "examples classes"],
        labels: Int[Tensor, " examples"],
        distillation: float,
        temperature: float,
    ) -> "ErrorLoss":
        """Build the loss from the reference network's logits on the training set."""
        return cls(labels, torch.softmax(logits / temperature, dim=1), distillation, temperature)

    def __call__(
        self, logits: Float[Tensor, "batch classes"], examples: Int[Tensor, " batch"]
    ) -> Float[Tensor, ""]:
        """Return the mean loss of a batch.

        Args:
            logits: the network's outputs.
            examples: indices of the batch's examples in the training set.
        """
        loss = logits.new_zeros(())
        if self.distillation > 0:
            log_softmax = torch.log_softmax(logits / self.temperature, dim=1)
            divergence = functional.kl_div(
                log_softmax, self.targets[examples], reduction="batchmean"
            )
            loss = loss + self.distillation * self.temperature**2 * divergence
        if self.distillation < 1:
            cross_entropy = functional.cross_entropy(logits, self.labels[examples])
            loss = loss + (1 - self.distillation) * cross_entropy
        return loss

    def of_constant_predictor(self) -> float:
        """Return the loss of a network that always answers with the mean target.

        It is the yardstick that makes error losses of different networks and blends comparable.
        """
        mean = self.targets.mean(dim=0)
        examples = torch.arange(len(self.labels), device=self.labels.device)
        logits = (self.temperature * mean.clamp_min(1e-12).log()).expand(len(examples), -1)
        return float(self(logits, examples))
