"""One compression from end to end: Algorithm 1 of Ullrich et al. 2017 down to a measured file."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from core.codec import (
    ClusteredTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
    decode,
    describe,
    encode,
    han_bytes,
)
from core.data import Data
from core.evaluation import error, load_compressed
from core.outcome import CompressionOutcome, LayerOutcome, OnEpoch
from core.post_processing import (
    PostProcessingConfig,
    QuantisedTensor,
    fine_tune,
    merge_components,
    quantise,
    quantise_uniformly,
)
from core.prior import PriorConfig
from core.reference import ReferenceNetwork
from core.retraining import ErrorLoss, Reporter, RetrainConfig, Retraining, retrain
from core.tracing import TraceRecorder

LOGITS_BATCH = 2500


@dataclass(kw_only=True)
class CompressConfig:
    """Everything that decides what a compression does, apart from network and data.

    Attributes:
        prior: the Gaussian-mixture prior and its hyper-priors.
        retrain: the retraining under that prior.
        post_processing: merging, quantisation, fine-tuning and the biases' precision.
    """

    prior: PriorConfig = field(default_factory=PriorConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    post_processing: PostProcessingConfig = field(default_factory=PostProcessingConfig)


def compress(
    reference: ReferenceNetwork,
    data: Data,
    config: CompressConfig,
    on_epoch: OnEpoch | None = None,
) -> CompressionOutcome:
    """Compress a reference network into a file and measure the network the file decodes to.

    Args:
        reference: the trained network; left as it is.
        data: the data it was trained on. The validation part is only measured on; the test part
            only once, after decoding.
        config: the hyperparameters.
        on_epoch: takes a report after every epoch; whatever it raises ends the compression.

    Raises:
        RetrainError: a loss is not finite, or there is no weight to compress.
        RetrainingStopped: the retraining is trapped or collapsed (and asked to stop then).
    """
    network = reference.build()
    error_loss = ErrorLoss.from_reference(
        all_logits(network, data.train.inputs),
        data.train.labels,
        config.retrain.distillation,
        config.retrain.distillation_temperature,
    )
    num_epochs = config.retrain.num_epochs + config.post_processing.fine_tuning_epochs
    report = Reporter(num_epochs, config.prior.num_components, on_epoch)
    retraining = Retraining.of_network(
        network, error_loss, data.train.inputs, config.prior, config.retrain
    )
    weights = retraining.weights
    recorder = TraceRecorder(weights, retraining.prior.mixture, data.train.inputs.shape[1:])
    retrain(retraining, data.validation, report, recorder.epoch)
    recorder.retrained()
    mixture = merge_components(
        retraining.prior.mixture, config.post_processing.merge_threshold, weights.values.numel()
    )
    tensors = quantise(weights, mixture, config.post_processing.num_centroids)
    fine_tune(
        network,
        weights,
        tensors,
        error_loss,
        data,
        config.post_processing,
        config.retrain.batch_size,
        config.retrain.seed,
        report,
    )
    packed = pack(reference.network_name, network, tensors, config.post_processing.bias_bits)
    return measure(encode(packed), reference, data, report.seconds, recorder)


def all_logits(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return the network's outputs on all inputs, in evaluation mode."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(batch) for batch in inputs.split(LOGITS_BATCH)])


def pack(
    network_name: str, network: nn.Module, tensors: list[QuantisedTensor], bias_bits: int | None
) -> CompressedNetwork:
    """Lay out a quantised network for the codec: codebooks in half precision, biases in few bits.

    Args:
        network_name: its name in the registry of networks.
        network: the fine-tuned network, which gives the order and the unclustered tensors.
        tensors: its quantised weight tensors.
        bias_bits: bits of an unclustered number, None for 32-bit floats.
    """
    clustered = {tensor.name: tensor for tensor in tensors}
    packed: dict[str, ClusteredTensor | UniformTensor | FloatTensor] = {}
    for name, values in network.state_dict().items():
        if name in clustered:
            codebook = clustered[name].codebook.detach().numpy().astype(np.float16)
            indices = clustered[name].indices.numpy().astype(np.int32)
            packed[name] = ClusteredTensor(indices, codebook.astype(np.float32))
        elif bias_bits is not None and values.is_floating_point():
            levels, step = quantise_uniformly(values, bias_bits)
            packed[name] = UniformTensor(levels.numpy(), step, bias_bits)
        else:
            packed[name] = FloatTensor(values.numpy().astype(np.float32))
    return CompressedNetwork(network_name, packed)


def measure(
    file: bytes,
    reference: ReferenceNetwork,
    data: Data,
    seconds: float,
    recorder: TraceRecorder,
) -> CompressionOutcome:
    """Decode a file and measure the network that comes out."""
    decoded = decode(file)
    network = load_compressed(decoded)
    clustered = {n: t for n, t in decoded.tensors.items() if isinstance(t, ClusteredTensor)}
    layers = tuple(
        LayerOutcome(
            name=tensor.name,
            num_weights=tensor.num_elements,
            num_nonzeros=tensor.num_nonzeros,
            num_codebook_entries=tensor.num_codebook_entries,
            file_bytes=tensor.file_bytes,
        )
        for tensor in describe(file).tensors
        if tensor.name in clustered
    )
    num_weights = sum(layer.num_weights for layer in layers)
    validation_error = error(network, data.validation)
    return CompressionOutcome(
        file=file,
        validation_error=validation_error,
        test_error=error(network, data.test),
        accuracy_loss=validation_error - reference.validation_error,
        float32_bytes=reference.float32_bytes,
        compression_rate=reference.float32_bytes / len(file),
        han_compression_rate=4 * num_weights / han_bytes(clustered.values()),
        nonzero_fraction=sum(layer.num_nonzeros for layer in layers) / num_weights,
        layers=layers,
        seconds=seconds,
        trace=recorder.finish(decoded.arrays()),
    )
