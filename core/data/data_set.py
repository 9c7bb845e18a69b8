"""A data set as training and evaluation see it: three splits of tensors in memory."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float32, Int64
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Split:
    """Inputs and labels of one part of a data set.

    Attributes:
        inputs: the images, values in [0, 1]; grey ones have one channel.
        labels: the class of each, from 0.
    """

    inputs: Float32[Tensor, "images channels height width"]
    labels: Int64[Tensor, " images"]

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def to(self, device: torch.device) -> "Split":
        """Return it on ``device``, sharing the tensors that are there already."""
        return Split(inputs=self.inputs.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, kw_only=True)
class Data:
    """A data set in three parts that share no image.

    Attributes:
        name: how people call it.
        train: what weights are trained on.
        validation: what settings are selected on.
        test: what is reported for a selected setting; never selected on.
        num_classes: classes of the labels.
        fingerprint: hexadecimal SHA-256 over every pixel, every label and the split.
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
