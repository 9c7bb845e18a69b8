"""The size that the paper counts (Ullrich et al. 2017, App. A), beside the bytes of our files.

The paper follows Han et al. 2015: weights only, in compressed sparse row format with relative
indexes, padding zeros, a codebook and Huffman codes on both arrays. No biases, shapes, names or
checksum are in it, so it is no size of a file that can be decoded.
"""

from collections.abc import Iterable

from core.codec.stream_plan import plan_stream
from core.codec.tensors import ClusteredTensor

_CODEBOOK_ENTRY_BITS = 32


def han_bytes(tensors: Iterable[ClusteredTensor]) -> int:
    """Bytes of weight tensors in Han's format, each rounded up to whole bytes.

    Counted for each tensor: the Huffman codes of its gaps and of its values, the padding zeros
    in both, exactly as ``encode`` writes them with this coder; both code tables; the codebook at
    32 bits an entry, the zero included. The relative indexes run through the whole tensor, so
    there is no array IR of row starts to count; order and span are not counted.
    """
    return sum(_tensor_bytes(tensor) for tensor in tensors)


def _tensor_bytes(tensor: ClusteredTensor) -> int:
    plan = plan_stream(tensor.indices, len(tensor.codebook))
    stream_bits = plan.position_bits + plan.value_bits + plan.table_bits if plan else 0
    return (stream_bits + _CODEBOOK_ENTRY_BITS * len(tensor.codebook) + 7) // 8
