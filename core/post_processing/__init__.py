"""What follows the retraining: merging, quantisation, fine-tuning, low-precision biases."""

from core.post_processing.batch_norm import fold_batch_norms
from core.post_processing.biases import quantise_uniformly
from core.post_processing.config import PostProcessingConfig
from core.post_processing.fine_tuning import fine_tune
from core.post_processing.merging import merge_components
from core.post_processing.quantisation import QuantisedTensor, quantise, tidy_codebook
from core.post_processing.units import order_units, remove_dead_units

__all__ = [
    "PostProcessingConfig",
    "QuantisedTensor",
    "fine_tune",
    "fold_batch_norms",
    "merge_components",
    "order_units",
    "quantise",
    "quantise_uniformly",
    "remove_dead_units",
    "tidy_codebook",
]
