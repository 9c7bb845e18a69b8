"""One compression from end to end: Algorithm 1 of Ullrich et al. 2017 down to a measured file."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from core.checkpoint import Checkpoints, Journal
from core.codec import encode
from core.data import Data
from core.device import explaining_exhaustion
from core.networks import STANDARD
from core.outcome import CompressionOutcome, OnEpoch
from core.packing import coded_codebook, measure, pack
from core.post_processing import (
    PostProcessingConfig,
    QuantisedTensor,
    fine_tune,
    fold_batch_norms,
    merge_components,
    order_units,
    quantise,
    remove_dead_units,
    tidy_codebook,
)
from core.preparation import Preparation, prepare
from core.prior import PriorConfig
from core.pruning import PruningConfig, prune
from core.reference import ReferenceNetwork
from core.retraining import FlatWeights, Reporter, RetrainConfig, Retraining, retrain
from core.shrinking import ShrinkingConfig
from core.tracing import TraceRecorder


@dataclass(kw_only=True)
class CompressConfig:
    """Everything that decides what a compression does, apart from network and data.

    Attributes:
        prior: the Gaussian-mixture prior and its hyper-priors.
        retrain: the retraining under that prior.
        shrinking: what is cut from the network before the retraining.
        post_processing: merging, quantisation, fine-tuning and the biases' precision.
    """

    prior: PriorConfig = field(default_factory=PriorConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    shrinking: ShrinkingConfig = field(default_factory=ShrinkingConfig)
    post_processing: PostProcessingConfig = field(default_factory=PostProcessingConfig)


def compress(
    reference: ReferenceNetwork,
    data: Data,
    config: CompressConfig,
    on_epoch: OnEpoch | None = None,
    checkpoints: Checkpoints | None = None,
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

    Raises:
        RetrainError: a loss is not finite, there is no weight to compress, or the memory of the
            GPU is exhausted.
        CheckpointError: the checkpoint to go on from is damaged or of another compression.
        RetrainingStopped: the retraining is trapped or collapsed (and asked to stop then).
    """
    with explaining_exhaustion("retrain.batch_size", config.retrain.batch_size):
        journal = Journal(checkpoints, identity(reference, data, config))
        report = Reporter(num_epochs(config), config.prior.num_components, on_epoch, journal)
        start = prepare(reference, data, config.retrain, config.shrinking, report)
        retraining = Retraining.of_network(
            start.network,
            start.training_set,
            start.error_loss,
            config.prior,
            config.retrain,
            start.description.treatment,
        )
        weights, mixture = retraining.weights, retraining.prior.mixture
        recorder = TraceRecorder(weights, mixture, start.description.input_shape)
        journal.follow("trace", recorder.state, recorder.restore)
        retrain(retraining, start.validation, report, recorder.epoch)
        recorder.retrained()
        merged = merge_components(
            mixture,
            config.post_processing.merge_threshold,
            weights.values.numel(),
            config.post_processing.drop_dead_components,
        )
        components = merged.assign(weights.values)
        return finish(start, weights, components, config, reference, data, recorder)


def compress_by_pruning(
    reference: ReferenceNetwork,
    data: Data,
    config: CompressConfig,
    pruning: PruningConfig,
    on_epoch: OnEpoch | None = None,
    checkpoints: Checkpoints | None = None,
) -> CompressionOutcome:
    """Do the same with magnitude pruning in the place of the retraining: the control.

    Budget, distillation, quantisation, fine-tuning and file are those of ``compress``; the prior
    plays no part.

    Args:
        reference: the trained network; left as it is.
        data: the data it was trained on.
        config: the hyperparameters.
        pruning: how many weights go.
        on_epoch: takes a report after every epoch; whatever it raises ends the compression.
        checkpoints: takes the compression's state before a step where it wants it, and has the
            state to go on from; the file has the same bytes however often that happens.

    Raises:
        ConfigError: the shrinking left fewer weights than the pruning is to leave.
        RetrainError: a loss is not finite, there is no weight to prune, or the memory of the GPU
            is exhausted.
        CheckpointError: the checkpoint to go on from is damaged or of another compression.
    """
    with explaining_exhaustion("retrain.batch_size", config.retrain.batch_size):
        journal = Journal(checkpoints, identity(reference, data, config, pruning))
        report = Reporter(num_epochs(config), config.prior.num_components, on_epoch, journal)
        start = prepare(reference, data, config.retrain, config.shrinking, report)
        weights = FlatWeights.from_network(start.network, start.description.treatment)
        kept = prune(
            start.network,
            weights,
            start.training_set,
            start.error_loss,
            start.validation,
            pruning.after_shrinking(report.weights_left),
            config.retrain,
            report,
        )
        return finish(start, weights, kept.long(), config, reference, data)


def identity(
    reference: ReferenceNetwork,
    data: Data,
    config: CompressConfig,
    pruning: PruningConfig | None = None,
) -> str:
    """Return a digest of all that a compression depends on, to know its checkpoints by."""
    digest = hashlib.sha256(f"{config} {pruning} {data.fingerprint}\n".encode())
    if (treatment := reference.description.treatment) != STANDARD:
        digest.update(f"{treatment}\n".encode())
    digest.update(reference.to_bytes())
    return digest.hexdigest()


def num_epochs(config: CompressConfig) -> int:
    """Return the epochs of all phases of a compression."""
    shrinking = config.shrinking.num_epochs if config.shrinking.units else 0
    return shrinking + config.retrain.num_epochs + config.post_processing.fine_tuning_epochs


def finish(
    start: Preparation,
    weights: FlatWeights,
    components: Int[Tensor, " weights"],
    config: CompressConfig,
    reference: ReferenceNetwork,
    data: Data,
    recorder: TraceRecorder | None = None,
) -> CompressionOutcome:
    """Quantise a retrained network, fine-tune it, write it into a file and measure the file.

    Args:
        start: the network and its task.
        weights: its retrained weights.
        components: the component of each weight, 0 where it becomes zero.
        config: the hyperparameters.
        reference: the network that all this started from.
        data: the data to measure on.
        recorder: follows the compression.
    """
    post_processing, network, described = config.post_processing, start.network, start.description
    tensors = quantise(weights, components, post_processing.num_centroids)
    fine_tune(
        network,
        weights,
        tensors,
        start.training_set,
        start.error_loss,
        start.validation,
        post_processing,
        config.retrain.batch_size,
        config.retrain.seed,
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
    trace = None if recorder is None else recorder.finish(coded_values(tensors))
    if post_processing.order_units:
        order_units(network, described.chains, tensors)
    for tensor in tensors:
        tidy_codebook(tensor)
    packed = pack(reference, network, tensors, post_processing.bias_bits)
    return measure(encode(packed), reference, data, start.report.seconds, trace)


def coded_values(tensors: list[QuantisedTensor]) -> dict[str, NDArray[np.float32]]:
    """Return the values that the file will hold for quantised weights, by name."""
    return {t.name: coded_codebook(t.codebook)[t.indices.numpy()] for t in tensors}
