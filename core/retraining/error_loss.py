"""The error loss: cross-entropy with the labels, distillation from the reference, or a blend.

Distillation follows Hinton, Vinyals & Dean (2015): T² KL(reference || network) between softmaxes
at temperature T, in nats a training example. Where labels are no classes squared errors stand in
the places of both, each over the variance of what it is an error of: a constant has a loss of 1.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from core.errors import ConfigError, require
from core.metric import CLASSIFICATION, Metric
from core.precision import forward
from core.retraining.config import RetrainConfig
from core.retraining.training_set import Batch, TrainingSet, Variances


@dataclass(frozen=True)
class ErrorLoss:
    """The error loss of a batch.

    Attributes:
        distillation: share of the distillation in the loss, the rest is cross-entropy.
        temperature: temperature of the distillation's softmaxes.
        bfloat16: whether the network's products are computed in bfloat16 (``core.precision``).
        metric: its loss, where it has one, stands in the place of the cross-entropy.
        variances: of labels and of the reference network's answers, where labels are no classes.
    """

    distillation: float
    temperature: float
    bfloat16: bool = False
    metric: Metric = CLASSIFICATION
    variances: Variances | None = None

    def __post_init__(self) -> None:
        if self.metric.loss is not None:
            check_share(self.distillation)

    @classmethod
    def on(cls, training_set: TrainingSet, config: RetrainConfig) -> "ErrorLoss":
        """Return the error loss of a training.

        Raises:
            ConfigError: a loss of one's own would have no share, or the labels need one.
        """
        return cls(
            config.distillation,
            config.distillation_temperature,
            config.bfloat16,
            training_set.split.metric,
            variances_of(training_set),
        )

    def of(self, network: nn.Module, batch: Batch) -> Float[Tensor, ""]:
        """Return the mean loss of a network on a batch."""
        return self(forward(network, batch.inputs, self.bfloat16), batch)

    def __call__(self, logits: Float[Tensor, "batch ..."], batch: Batch) -> Float[Tensor, ""]:
        """Return the mean loss of a batch, given the network's outputs on it."""
        loss = logits.new_zeros(())
        if self.variances is not None:
            return self._of_answers(logits, batch, self.variances)
        if self.distillation > 0:
            log_softmax = torch.log_softmax(logits / self.temperature, dim=1)
            divergence = functional.kl_div(log_softmax, batch.targets, reduction="batchmean")
            loss = loss + self.distillation * self.temperature**2 * divergence
        if self.distillation < 1:
            loss = loss + (1 - self.distillation) * self._of_labels(logits, batch)
        return loss

    def of_constant_predictor(self, training_set: TrainingSet) -> float:
        """Return the loss of a network that always answers with the mean target.

        It is the yardstick that makes error losses of different networks and blends comparable.
        """
        examples = torch.arange(len(training_set), device=training_set.split.labels.device)
        whole = training_set.as_it_is(examples)
        if self.variances is not None:
            answers = whole.targets.mean(dim=0)
            return float(self(answers.expand(len(examples), *answers.shape), whole))
        logits = self.temperature * whole.targets.mean(dim=0).clamp_min(1e-12).log()
        return float(self(logits.expand(len(examples), -1), whole))

    def _of_labels(self, logits: Tensor, batch: Batch) -> Tensor:
        if self.metric.loss is not None:
            return self.metric.batch_loss(logits, batch.labels)
        return functional.cross_entropy(logits, batch.labels)

    def _of_answers(self, answers: Tensor, batch: Batch, variances: Variances) -> Tensor:
        loss = answers.new_zeros(())
        if self.distillation > 0:
            distance = functional.mse_loss(answers, batch.targets) / variances.answers
            loss = loss + self.distillation * distance
        if self.distillation < 1 and self.metric.loss is not None:
            loss = loss + (1 - self.distillation) * self.metric.batch_loss(answers, batch.labels)
        elif self.distillation < 1:
            distance = functional.mse_loss(answers, batch.labels) / variances.labels
            loss = loss + (1 - self.distillation) * distance
        return loss


def variances_of(training_set: TrainingSet) -> Variances | None:
    """Return what squared errors are divided by; None where labels are classes.

    Raises:
        ConfigError: the labels are neither classes nor floats, and there is no loss of one's own.
    """
    split = training_set.split
    if split.are_classes:
        return None
    if split.metric.loss is None and not split.labels.is_floating_point():
        raise ConfigError(
            "metric.loss must be given for labels that are neither classes nor floats, but got "
            f"null; there is no other loss for {tuple(split.labels.shape)}"
        )
    return training_set.variances()


def check_share(distillation: float) -> None:
    """Check that a loss of one's own has a share in the error loss.

    Raises:
        ConfigError: all of it is distillation.
    """
    require(
        distillation < 1,
        "retrain.distillation",
        "< 1 where metric.loss is given, which has the rest",
        distillation,
        "set retrain.distillation=0 to train on that loss alone",
    )
