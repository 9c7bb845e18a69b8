"""How the reference network, the one that is compressed, is trained."""

from dataclasses import dataclass, field
from enum import Enum

from core.errors import require


class ActivationPrior(Enum):
    """What noisy activations are held against, and what they are."""

    log_uniform = "log_uniform"  # rectified
    log_normal = "log_normal"  # softplus


@dataclass(kw_only=True)
class InformationDropoutConfig:
    """Noise on activations that each input sets (``core.reference.information_dropout``).

    Attributes:
        beta: weight of KL / N, of what the noisy activations tell of the input; 0 adds no noise.
        prior: log-uniform over rectified activations or log-normal over softplus ones.
        max_alpha: most standard deviation of the logarithm of the noise.
    """

    beta: float = 0.0
    prior: ActivationPrior = ActivationPrior.log_uniform
    max_alpha: float = 0.7

    def __post_init__(self) -> None:
        key = "reference.information_dropout"
        require(self.beta >= 0, f"{key}.beta", ">= 0", self.beta)
        require(self.max_alpha > 0, f"{key}.max_alpha", "> 0", self.max_alpha)


@dataclass(kw_only=True)
class ReferenceConfig:
    """Training of the reference network by Adam and cross-entropy.

    Attributes:
        num_epochs: passes over the training data.
        batch_size: training examples a step.
        lr: Adam's rate at the start; it falls on a cosine to zero.
        dropout: probability that a hidden unit is left out of a step (Srivastava et al. 2014).
        weight_decay: share of a parameter that a step takes away, times the rate (Loshchilov &
            Hutter 2019).
        augment_shift: most pixels by which a training image is shifted at random along each axis.
        augment_flip: whether training images are mirrored left to right at random.
        bfloat16: whether products and convolutions are computed in bfloat16 (``core.precision``).
        information_dropout: noise that takes the place of the dropout where its weight is not zero.
        seed: seed of the initial weights, of the order of the batches, of the dropout and of the
            augmentation.
    """

    num_epochs: int = 30
    batch_size: int = 128
    lr: float = 1.5e-3
    dropout: float = 0.3
    weight_decay: float = 0.0
    augment_shift: int = 0
    augment_flip: bool = False
    bfloat16: bool = False
    information_dropout: InformationDropoutConfig = field(default_factory=InformationDropoutConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("num_epochs", "batch_size"):
            value = getattr(self, name)
            require(value >= 1, f"reference.{name}", ">= 1", value)
        require(self.lr > 0, "reference.lr", "> 0", self.lr)
        require(0 <= self.dropout < 1, "reference.dropout", ">= 0 and < 1", self.dropout)
        require(self.weight_decay >= 0, "reference.weight_decay", ">= 0", self.weight_decay)
        require(self.augment_shift >= 0, "reference.augment_shift", ">= 0", self.augment_shift)
        require(self.seed >= 0, "reference.seed", ">= 0", self.seed)
