"""From a quantised network to a file, and from the file to what its network does."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from core.codec import (
    ClusteredTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
    decode,
    describe,
    han_bytes,
)
from core.data import Data
from core.evaluation import error, load_compressed
from core.networks import state_of
from core.outcome import CompressionOutcome, LayerOutcome
from core.post_processing import QuantisedTensor, quantise_uniformly
from core.reference import ReferenceNetwork
from core.shrinking import embed
from core.trace import Trace

CODEBOOK_MANTISSA_BITS = 5
"""Of an entry, beside the leading one: it moves by 0.8 % at most, far less than quantising did."""


def coded_codebook(codebook: Tensor) -> NDArray[np.float32]:
    """The codebook as the file will hold it, its mantissas rounded, ``[entries]``."""
    fractions, exponents = np.frexp(codebook.detach().cpu().numpy().astype(np.float32))
    steps = np.float32(2 << CODEBOOK_MANTISSA_BITS)
    return np.ldexp(np.rint(fractions * steps) / steps, exponents).astype(np.float32)


def pack(
    reference: ReferenceNetwork,
    network: nn.Module,
    tensors: list[QuantisedTensor],
    bias_bits: int | None,
) -> CompressedNetwork:
    """Lay out a quantised network for the codec: codebooks and biases in few bits.

    Args:
        reference: what it was made from, whose name and shapes the file has.
        network: the fine-tuned network, which gives the order and the unclustered tensors.
        tensors: its quantised weight tensors.
        bias_bits: bits of an unclustered number, None for 32-bit floats.
    """
    clustered = {tensor.name: tensor for tensor in tensors}
    packed: dict[str, ClusteredTensor | UniformTensor | FloatTensor] = {}
    bits = reference.description.treatment.bits(network, bias_bits)
    for name, part in state_of(network).items():
        shape = reference.state[name].shape
        values = embed(part, shape)
        if name in clustered:
            codebook = coded_codebook(clustered[name].codebook)
            indices = embed(clustered[name].indices, shape).numpy().astype(np.int32)
            packed[name] = ClusteredTensor(indices, codebook)
        elif (precision := bits[name]) is not None and values.is_floating_point():
            levels, step = quantise_uniformly(values, precision)
            packed[name] = UniformTensor(levels.numpy(), step, precision)
        else:
            packed[name] = FloatTensor(values.numpy().astype(np.float32))
    return CompressedNetwork(reference.network_name, packed)


def measure(
    file: bytes,
    reference: ReferenceNetwork,
    data: Data,
    seconds: float,
    trace: Trace | None = None,
) -> CompressionOutcome:
    """Decode a file and measure the network that comes out."""
    decoded = decode(file)
    network = load_compressed(decoded, reference.description).to(data.test.inputs.device)
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
        trace=trace,
    )
