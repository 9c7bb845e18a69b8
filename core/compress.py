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
from core.networks import description
from core.outcome import CompressionOutcome, LayerOutcome, OnEpoch
from core.post_processing import (
    PostProcessingConfig,
    QuantisedTensor,
    fine_tune,
    fold_batch_norms,
    merge_components,
    order_units,
    quantise,
    quantise_uniformly,
    remove_dead_units,
    tidy_codebook,
)
from core.prior import PriorConfig
from core.reference import ReferenceNetwork
from core.retraining import ErrorLoss, Reporter, RetrainConfig, Retraining, TrainingSet, retrain
from core.shrinking import ShrinkingConfig, embed, equalise, shrink

CPU = torch.device("cpu")


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
    device: torch.device = CPU,
) -> CompressionOutcome:
    """Compress a reference network into a file and measure the network the file decodes to.

    Args:
        reference: the trained network; left as it is.
        data: the data it was trained on. The validation part is only measured on; the test part
            only once, after decoding.
        config: the hyperparameters.
        on_epoch: takes a report after every epoch; whatever it raises ends the compression.
        device: where the training runs; the file is measured on the CPU.

    Raises:
        RetrainError: a loss is not finite, or there is no weight to compress.
        RetrainingStopped: the retraining is trapped or collapsed (and asked to stop then).
    """
    described = description(reference.network_name)
    network = reference.build().to(device)
    training_set = TrainingSet(
        data.train.to(device),
        reference.build().to(device),
        config.retrain.distillation_temperature,
        config.retrain.augment_shift,
        config.retrain.augment_flip,
    )
    validation = data.validation.to(device)
    error_loss = ErrorLoss(config.retrain.distillation, config.retrain.distillation_temperature)
    shrinking = config.shrinking
    num_epochs = config.retrain.num_epochs + config.post_processing.fine_tuning_epochs
    if shrinking.units:
        num_epochs += shrinking.num_epochs
    report = Reporter(num_epochs, config.prior.num_components, on_epoch)
    seed = config.retrain.seed
    if shrinking.equalise:
        equalise(network, described.chains, described.input_shape)
    if shrinking.units:
        shrink(
            network,
            described.chains,
            training_set,
            error_loss,
            validation,
            shrinking,
            seed,
            report,
        )
        if shrinking.equalise:
            equalise(network, described.chains, described.input_shape)
    retraining = Retraining.of_network(
        network, training_set, error_loss, config.prior, config.retrain
    )
    retrain(retraining, validation, report)
    weights = retraining.weights
    mixture = merge_components(
        retraining.prior.mixture, config.post_processing.merge_threshold, weights.values.numel()
    )
    tensors = quantise(weights, mixture, config.post_processing.num_centroids)
    fine_tune(
        network,
        weights,
        tensors,
        training_set,
        error_loss,
        validation,
        config.post_processing,
        config.retrain.batch_size,
        seed,
        report,
    )
    network.cpu()
    for tensor in tensors:
        tensor.indices, tensor.codebook = tensor.indices.cpu(), tensor.codebook.detach().cpu()
    fold_batch_norms(network)
    if config.post_processing.drop_dead_units:
        remove_dead_units(network, described.chains, tensors, described.input_shape)
    if config.post_processing.order_units:
        order_units(network, described.chains, tensors)
    for tensor in tensors:
        tidy_codebook(tensor)
    packed = pack(reference, network, tensors, config.post_processing.bias_bits)
    return measure(encode(packed), reference, data, report.seconds)


def pack(
    reference: ReferenceNetwork,
    network: nn.Module,
    tensors: list[QuantisedTensor],
    bias_bits: int | None,
) -> CompressedNetwork:
    """Lay out a quantised network for the codec: codebooks in half precision, biases in few bits.

    Args:
        reference: what it was made from, whose name and shapes the file has.
        network: the fine-tuned network, which gives the order and the unclustered tensors.
        tensors: its quantised weight tensors.
        bias_bits: bits of an unclustered number, None for 32-bit floats.
    """
    clustered = {tensor.name: tensor for tensor in tensors}
    packed: dict[str, ClusteredTensor | UniformTensor | FloatTensor] = {}
    for name, part in network.state_dict().items():
        shape = reference.state[name].shape
        values = embed(part, shape)
        if name in clustered:
            codebook = clustered[name].codebook.detach().numpy().astype(np.float16)
            indices = embed(clustered[name].indices, shape).numpy().astype(np.int32)
            packed[name] = ClusteredTensor(indices, codebook.astype(np.float32))
        elif bias_bits is not None and values.is_floating_point():
            levels, step = quantise_uniformly(values, bias_bits)
            packed[name] = UniformTensor(levels.numpy(), step, bias_bits)
        else:
            packed[name] = FloatTensor(values.numpy().astype(np.float32))
    return CompressedNetwork(reference.network_name, packed)


def measure(
    file: bytes, reference: ReferenceNetwork, data: Data, seconds: float
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
    )
