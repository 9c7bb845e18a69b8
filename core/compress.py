"""One compression from end to end: from a reference network down to a measured file.

What lies between preparation and fine-tuning is the method's (``core.methods``); by default it is
Algorithm 1 of Ullrich et al. 2017.
"""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoints, Journal
from core.codec import encode
from core.data import Data
from core.device import explaining_exhaustion
from core.methods import Clustered, Method, MethodConfig, make_method
from core.networks import STANDARD
from core.outcome import CompressionOutcome, OnEpoch
from core.packing import coded_codebook, measure, pack
from core.post_processing import (
    PostProcessingConfig,
    QuantisedTensor,
    fine_tune,
    fold_batch_norms,
    order_units,
    remove_dead_units,
    tidy_codebook,
)
from core.preparation import Preparation, prepare
from core.prior import PriorConfig
from core.reference import ReferenceNetwork
from core.retraining import Reporter, RetrainConfig, num_weights
from core.shrinking import ShrinkingConfig


@dataclass(kw_only=True)
class CompressConfig:
    """Everything that decides what a compression does, apart from network and data.

    Attributes:
        prior: the Gaussian-mixture prior and its hyper-priors.
        retrain: the retraining under that prior.
        shrinking: what is cut from the network before the retraining.
        post_processing: merging, quantisation, fine-tuning and the biases' precision.
        method: how weights come to clusters. It is no part of the text that a checkpoint is known
            by (``identity``), which is older; what is the method's own is added there.
    """

    prior: PriorConfig = field(default_factory=PriorConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    shrinking: ShrinkingConfig = field(default_factory=ShrinkingConfig)
    post_processing: PostProcessingConfig = field(default_factory=PostProcessingConfig)
    method: MethodConfig = field(default_factory=MethodConfig, repr=False)


def compress(
    reference: ReferenceNetwork,
    data: Data,
    config: CompressConfig,
    on_epoch: OnEpoch | None = None,
    checkpoints: Checkpoints | None = None,
    teacher: ReferenceNetwork | None = None,
) -> CompressionOutcome:
    """Compress a reference network into a file and measure the network the file decodes to.

    Args:
        reference: the trained network; left as it is.
        data: the data it was trained on, on the device that is to compute. The validation part is
            only measured on; the test part only once, after decoding.
        config: the hyperparameters.
        on_epoch: takes a report after every epoch; whatever it raises ends the compression.
        checkpoints: takes the compression's state before a step where it wants it, and has the
            state to go on from; the file has the same bytes however often that happens.
        teacher: the network that ``reference`` is a student of: it answers in the retraining, and
            accuracy loss and compression rates are counted from it. None for no such network.

    Raises:
        ConfigError: the shrinking left fewer weights than the method is to leave.
        RetrainError: a loss is not finite, there is no weight to compress, or the memory of the
            GPU is exhausted.
        CheckpointError: the checkpoint to go on from is damaged or of another compression.
        RetrainingStopped: the retraining is trapped or collapsed (and asked to stop then).
    """
    with explaining_exhaustion("retrain.batch_size", config.retrain.batch_size):
        method = _method(config)
        journal = Journal(checkpoints, identity(reference, data, config, teacher))
        report = Reporter(num_epochs(config), config.prior.num_components, on_epoch, journal)
        share = 1.0 if teacher is None else _share(reference, teacher)
        report.weights_left = share
        start = prepare(reference, data, config.retrain, config.shrinking, report, teacher)
        clustered = method.cluster(start)
        outcome = finish(start, clustered, method.post_processing, config.retrain, reference, data)
        return outcome if teacher is None else _beside(outcome, teacher, share)


def _share(student: ReferenceNetwork, teacher: ReferenceNetwork) -> float:
    """Return how many weights a student has for each of its teacher's."""
    counts = [
        num_weights(network.build(), network.description.treatment)
        for network in (student, teacher)
    ]
    return counts[0] / counts[1]


def _beside(
    outcome: CompressionOutcome, teacher: ReferenceNetwork, share: float
) -> CompressionOutcome:
    """Count a student's outcome from its teacher, as the outcomes of the teacher itself are."""
    return replace(
        outcome,
        accuracy_loss=outcome.validation_error - teacher.validation_error,
        float32_bytes=teacher.float32_bytes,
        compression_rate=teacher.float32_bytes / outcome.file_bytes,
        han_compression_rate=outcome.han_compression_rate / share,
        nonzero_fraction=outcome.nonzero_fraction * share,
    )


def identity(
    reference: ReferenceNetwork,
    data: Data,
    config: CompressConfig,
    teacher: ReferenceNetwork | None = None,
) -> str:
    """Return a digest of all that a compression depends on, to know its checkpoints by."""
    digest = hashlib.sha256(f"{config} {config.method.own} {data.fingerprint}\n".encode())
    if (treatment := reference.description.treatment) != STANDARD:
        digest.update(f"{treatment}\n".encode())
    if data.metric.evaluate is not None:
        digest.update(f"{data.metric}\n".encode())
    digest.update(reference.to_bytes())
    if teacher is not None:
        digest.update(teacher.to_bytes())
    return digest.hexdigest()


def num_epochs(config: CompressConfig) -> int:
    """Return the epochs of all phases of a compression."""
    shrinking = config.shrinking.num_epochs if config.shrinking.units else 0
    method = _method(config)
    return shrinking + method.num_epochs + method.post_processing.fine_tuning_epochs


def _method(config: CompressConfig) -> Method:
    return make_method(config.method, config.prior, config.retrain, config.post_processing)


def finish(
    start: Preparation,
    clustered: Clustered,
    post_processing: PostProcessingConfig,
    retrain: RetrainConfig,
    reference: ReferenceNetwork,
    data: Data,
) -> CompressionOutcome:
    """Fine-tune a clustered network, write it into a file and measure the file.

    Args:
        start: the network and its task.
        clustered: its weights, and what each of them is to become.
        post_processing: fine-tuning, order of the units and precision of the biases.
        retrain: batch size and seed of the fine-tuning.
        reference: the network that all this started from.
        data: the data to measure on.
    """
    network, described, tensors = start.network, start.description, clustered.tensors
    fine_tune(
        network,
        clustered.weights,
        tensors,
        start.training_set,
        start.error_loss,
        start.validation,
        post_processing,
        retrain.batch_size,
        retrain.seed,
        start.report,
    )
    network.cpu()
    for tensor in tensors:
        tensor.indices, tensor.codebook = tensor.indices.cpu(), tensor.codebook.detach().cpu()
    if post_processing.fold_batch_norms:
        fold_batch_norms(network)
    if post_processing.drop_dead_units:
        remove_dead_units(network, described.chains, tensors, described.input_shape)
    # while the units stand where they stood
    trace = clustered.recorder.finish(coded_values(tensors))
    if post_processing.order_units:
        order_units(network, described.chains, tensors)
    for tensor in tensors:
        tidy_codebook(tensor)
    packed = pack(reference, network, tensors, post_processing.bias_bits)
    return measure(encode(packed), reference, data, start.report.seconds, trace)


def coded_values(tensors: list[QuantisedTensor]) -> dict[str, NDArray[np.float32]]:
    """Return the values that the file will hold for quantised weights, by name."""
    return {t.name: coded_codebook(t.codebook)[t.indices.numpy()] for t in tensors}
