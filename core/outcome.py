"""What goes out of a compression: one report an epoch while it runs, one outcome at its end.

An outcome describes the decoded file, never the float network it was made from (design: the
file's bytes count, and the error is measured after decoding).
"""

from collections.abc import Callable
from dataclasses import dataclass

from core.trace import Trace

UNSNAPPED_PHASES = frozenset({"retrain", "variational"})
"""Trainings in which a network has weights that are to become zero, and errs less for them."""


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """One epoch of a retraining, as it is watched while it runs.

    Attributes:
        phase: ``"shrink"``, what the method calls its training, or ``"fine_tune"``.
        epoch: epochs done so far over all phases, from 1.
        num_epochs: epochs of all phases together.
        error_loss: mean error loss of the epoch, in nats a training example.
        complexity_loss: complexity loss at the end of the epoch, in nats for the whole network.
        validation_error: error of the network as it stands (with all its weights, whatever is to
            become of them, in ``UNSNAPPED_PHASES``), a fraction in [0, 1].
        nonzero_fraction: share of weights that are not zero, or would not be if it ended here.
        estimated_compression_rate: rate that the present share of non-zeros would give, an
            estimate from an entropy and no measurement of a file.
        seconds: wall-clock seconds since the start of the retraining.
    """

    phase: str
    epoch: int
    num_epochs: int
    error_loss: float
    complexity_loss: float
    validation_error: float
    nonzero_fraction: float
    estimated_compression_rate: float
    seconds: float


OnEpoch = Callable[[EpochReport], None]


@dataclass(frozen=True, kw_only=True)
class LayerOutcome:
    """One weight tensor of the decoded file.

    Attributes:
        name: the tensor's key in the state dict.
        num_weights: number of weights.
        num_nonzeros: weights that decode to something other than zero.
        num_codebook_entries: entries of its codebook, the zero included.
        file_bytes: bytes its record takes in the file.
    """

    name: str
    num_weights: int
    num_nonzeros: int
    num_codebook_entries: int
    file_bytes: int


@dataclass(frozen=True, kw_only=True)
class CompressionOutcome:
    """A compressed file and what its decoded network does.

    Attributes:
        file: the bytes of the ``.sws`` file.
        validation_error: error of the decoded network on validation data, in [0, 1].
        test_error: the same on test data; reported, never selected on.
        accuracy_loss: ``validation_error`` minus the reference network's, may be negative.
        float32_bytes: bytes of all parameters of the network as 32-bit floats.
        compression_rate: ``float32_bytes / len(file)``.
        han_compression_rate: the paper's accounting (Appendix A): float32 bytes of the weights
            over the bytes of CSR + Huffman + codebooks, biases and header left out.
        nonzero_fraction: share of the clustered weights that decode to non-zero.
        layers: one entry for each clustered tensor, in file order.
        seconds: wall-clock seconds of the whole compression.
        trace: what it did to mixture and weights, for drawing; None where nobody recorded it.
    """

    file: bytes
    validation_error: float
    test_error: float
    accuracy_loss: float
    float32_bytes: int
    compression_rate: float
    han_compression_rate: float
    nonzero_fraction: float
    layers: tuple[LayerOutcome, ...]
    seconds: float
    trace: Trace | None = None

    @property
    def file_bytes(self) -> int:
        """Bytes of the file with everything inside it."""
        return len(self.file)
