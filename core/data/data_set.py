"""A data set as training and evaluation see it: three splits of tensors in memory."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Shaped
from torch import Tensor

from core.metric import CLASSIFICATION, Metric

EVALUATED_VALUES = 1 << 23
"""Most input values that a network is evaluated on at a time, beside the first example."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """Inputs and labels of one part of a data set.

    Attributes:
        inputs: what the network takes, an example a row: 32-bit floats, or whole numbers such as
            tokens. Images have values in [0, 1] and one channel if they are grey.
        labels: the class of each, from 0; or with a metric of one's own what the network is to
            answer, in any shape: 32-bit floats, or whole numbers.
        metric: what a network is judged by here.
    """

    inputs: Shaped[Tensor, "examples *values"]
    labels: Shaped[Tensor, "examples *answers"]
    metric: Metric = CLASSIFICATION

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.labels)

    @property
    def are_classes(self) -> bool:
        """Whether each label is a class."""
        return self.labels.dim() == 1 and not self.labels.is_floating_point()

    @property
    def evaluation_batch(self) -> int:
        """Examples that a network is evaluated on at a time, so that memory holds its outputs."""
        num_values = max(1, self.inputs[0].numel())
        return max(1, min(2500, EVALUATED_VALUES // num_values))

    def to(self, device: torch.device) -> "Split":
        """Return it on ``device``, sharing the tensors that are there already."""
        return replace(self, inputs=self.inputs.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set in three parts that share no example.

    Attributes:
        name: how people call it.
        train: what weights are trained on.
        validation: what settings are selected on.
        test: what is reported for a selected setting; never selected on.
        num_classes: classes of the labels, 0 where they are none.
        fingerprint: hexadecimal SHA-256 over every input, every label and the split.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    num_classes: int
    fingerprint: str

    def to(self, device: torch.device) -> "Data":
        """Return it with all three parts on ``device``; every computation follows them there."""
        return replace(
            self,
            train=self.train.to(device),
            validation=self.validation.to(device),
            test=self.test.to(device),
        )

    @property
    def metric(self) -> Metric:
        """What a network is judged by."""
        return self.validation.metric

    def judged_by(self, metric: Metric) -> "Data":
        """Return it with another metric."""
        return replace(
            self,
            train=replace(self.train, metric=metric),
            validation=replace(self.validation, metric=metric),
            test=replace(self.test, metric=metric),
        )
