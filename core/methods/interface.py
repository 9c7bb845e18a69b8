"""What a compression method is: how the weights of a network come to few values, most of them zero.

All else is common to all methods (``core.compress``): the preparation before it, and behind it the
fine-tuning of the codebooks, the file, and the measuring of the network that the file decodes to.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.post_processing import PostProcessingConfig, QuantisedTensor
from core.preparation import Preparation
from core.retraining import FlatWeights
from core.tracing import TraceRecorder


@dataclass(frozen=True)
class Clustered:
    """Where a method leaves a network.

    Attributes:
        weights: its weights, of which the network's tensors are views.
        tensors: what each weight is to become, in their order; the codebooks are yet fine-tuned.
        recorder: has followed the weights until here.
    """

    weights: FlatWeights
    tensors: list[QuantisedTensor]
    recorder: TraceRecorder


@runtime_checkable
class Method(Protocol):
    """A method with the configuration that it runs with."""

    @property
    def num_epochs(self) -> int:
        """Passes over the training data before the fine-tuning."""

    @property
    def post_processing(self) -> PostProcessingConfig:
        """What follows it."""

    def cluster(self, start: Preparation) -> Clustered:
        """Cluster the weights of a prepared network, whatever training that takes.

        Raises:
            RetrainError: a loss is not finite, or there is no weight to compress.
        """


def record_weights(start: Preparation, weights: FlatWeights) -> TraceRecorder:
    """Return a recorder of a compression that has no mixture, from here on."""
    return TraceRecorder(weights, None, start.description.input_shape)
