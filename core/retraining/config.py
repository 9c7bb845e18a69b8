"""Configuration of the retraining under the mixture prior (paper §4.1; tutorial, part 2)."""

from dataclasses import dataclass

from core.errors import require


@dataclass(kw_only=True)
class RetrainConfig:
    """Rates, weights of the losses and schedule of the retraining.

    Attributes:
        num_epochs: passes over the training data.
        batch_size: training examples a step.
        lr_weights: Adam's rate of the weights and biases, at its start.
        lr_means: Adam's rate of the means.
        lr_log_precisions: Adam's rate of the log precisions.
        lr_mixing: Adam's rate of the mixing logits.
        lr_final_fraction: the weights' rate falls on a cosine to this fraction; 1 keeps it.
        tau: weight of the complexity loss, which enters as tau / N for N training examples.
        tau_warm_up: fraction of the training over which tau rises linearly from zero.
        distillation: weight of the distillation from the reference network in the error loss;
            the rest is cross-entropy with the labels.
        distillation_temperature: temperature of both softmaxes (Hinton et al. 2015).
        augment_shift: training images are moved at random by up to so many pixels each way.
        augment_flip: whether half of the training images are mirrored left to right.
        mask_from: fraction of the training from which the network does without the weights that
            the zero component claims, their gradients passing straight through; 1 never does.
        bfloat16: whether products and convolutions are computed in bfloat16 (``core.precision``).
        seed: seed of the order of the batches and of their shifts.
        stop_hopeless: whether trapped and collapsed retrainings end early.
    """

    num_epochs: int = 20
    batch_size: int = 256
    lr_weights: float = 8e-3
    lr_means: float = 2e-4
    lr_log_precisions: float = 3e-3
    lr_mixing: float = 3e-3
    lr_final_fraction: float = 0.01
    tau: float = 0.4
    tau_warm_up: float = 0.1
    distillation: float = 1.0
    distillation_temperature: float = 4.0
    augment_shift: int = 0
    augment_flip: bool = False
    mask_from: float = 1.0
    bfloat16: bool = False
    seed: int = 0
    stop_hopeless: bool = True

    def __post_init__(self) -> None:
        for name in (
            "num_epochs",
            "batch_size",
            "lr_weights",
            "lr_means",
            "lr_log_precisions",
            "lr_mixing",
            "tau",
            "distillation_temperature",
        ):
            value = getattr(self, name)
            require(value > 0, f"retrain.{name}", "> 0", value)
        for name in ("lr_final_fraction", "tau_warm_up", "distillation", "mask_from"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"retrain.{name}", "in [0, 1]", value)
        require(self.augment_shift >= 0, "retrain.augment_shift", ">= 0 pixels", self.augment_shift)
        require(self.seed >= 0, "retrain.seed", ">= 0", self.seed)
