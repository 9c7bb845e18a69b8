"""Configuration of what follows the retraining (paper §4.3)."""

from dataclasses import dataclass

from core.errors import require


@dataclass(kw_only=True)
class PostProcessingConfig:
    """Merging, assignment, fine-tuning of the codebooks and precision of the biases.

    Attributes:
        merge_threshold: components closer than this KL divergence, in nats, are merged.
        drop_dead_components: whether components that amount to less than one weight are removed
            before the merging.
        num_centroids: non-zero codebook entries a tensor, placed by k-means of the weights that
            the zero component leaves; None takes the mixture's components, as the paper does.
        fine_tuning_epochs: passes over the training data that train codebooks and biases.
        lr_codebook: Adam's rate of codebook entries and biases, falling on a cosine to zero.
        reassign_until: fraction of the fine-tuning during which non-zero weights may change their
            entry; 0 keeps every assignment fixed.
        rate_weight: weight of the bits in rate-distortion assignment, on the scale of
            ``retrain.tau``: a nat of code costs as much error loss as rate_weight / N. 0 assigns
            to the nearest entry and makes no weight zero that the retraining left.
        fold_batch_norms: whether batch norms are written as a scale and a shift.
        drop_dead_units: whether units without inputs or without outputs are removed before coding.
        order_units: whether units are sorted by their non-zeros before coding.
        bias_bits: bits of a bias; None keeps 32-bit floats.
    """

    merge_threshold: float = 1e-2
    drop_dead_components: bool = True
    num_centroids: int | None = 5
    fine_tuning_epochs: int = 6
    lr_codebook: float = 1e-3
    reassign_until: float = 0.75
    rate_weight: float = 0.3
    fold_batch_norms: bool = True
    drop_dead_units: bool = True
    order_units: bool = True
    bias_bits: int | None = 5

    def __post_init__(self) -> None:
        require(
            self.merge_threshold >= 0,
            "post_processing.merge_threshold",
            ">= 0",
            self.merge_threshold,
        )
        require(
            self.num_centroids is None or 1 <= self.num_centroids <= 65535,
            "post_processing.num_centroids",
            "from 1 to 65535 or null",
            self.num_centroids,
        )
        require(
            self.fine_tuning_epochs >= 0,
            "post_processing.fine_tuning_epochs",
            ">= 0",
            self.fine_tuning_epochs,
        )
        require(
            0 <= self.reassign_until <= 1,
            "post_processing.reassign_until",
            "in [0, 1]",
            self.reassign_until,
        )
        require(self.rate_weight >= 0, "post_processing.rate_weight", ">= 0", self.rate_weight)
        require(self.lr_codebook > 0, "post_processing.lr_codebook", "> 0", self.lr_codebook)
        require(
            self.bias_bits is None or 2 <= self.bias_bits <= 16,
            "post_processing.bias_bits",
            "from 2 to 16 or null",
            self.bias_bits,
        )
