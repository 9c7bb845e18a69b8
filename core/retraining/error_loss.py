"""The error loss: cross-entropy with the labels, distillation from the reference, or a blend.

Distillation follows Hinton, Vinyals & Dean (2015): T² KL(reference || network) between softmaxes
at temperature T, in nats a training example.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from core.precision import forward
from core.retraining.training_set import Batch, TrainingSet


@dataclass(frozen=True)
class ErrorLoss:
    """The error loss of a batch.

    Attributes:
        distillation: share of the distillation in the loss, the rest is cross-entropy.
        temperature: temperature of the distillation's softmaxes.
        bfloat16: whether the network's products are computed in bfloat16 (``core.precision``).
    """

    distillation: float
    temperature: float
    bfloat16: bool = False

    def of(self, network: nn.Module, batch: Batch) -> Float[Tensor, ""]:
        """Return the mean loss of a network on a batch."""
        return self(forward(network, batch.inputs, self.bfloat16), batch)

    def __call__(self, logits: Float[Tensor, "batch classes"], batch: Batch) -> Float[Tensor, ""]:
        """Return the mean loss of a batch, given the network's outputs on it."""
        loss = logits.new_zeros(())
        if self.distillation > 0:
            log_softmax = torch.log_softmax(logits / self.temperature, dim=1)
            divergence = functional.kl_div(log_softmax, batch.targets, reduction="batchmean")
            loss = loss + self.distillation * self.temperature**2 * divergence
        if self.distillation < 1:
            cross_entropy = functional.cross_entropy(logits, batch.labels)
            loss = loss + (1 - self.distillation) * cross_entropy
        return loss

    def of_constant_predictor(self, training_set: TrainingSet) -> float:
        """Return the loss of a network that always answers with the mean target.

        It is the yardstick that makes error losses of different networks and blends comparable.
        """
        examples = torch.arange(len(training_set), device=training_set.split.labels.device)
        whole = training_set.as_it_is(examples)
        logits = self.temperature * whole.targets.mean(dim=0).clamp_min(1e-12).log()
        return float(self(logits.expand(len(examples), -1), whole))
