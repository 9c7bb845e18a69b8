"""The body of format versions from 3 on: raw payloads, then one arithmetic code of all the rest.

The arithmetic code holds the head, names, kinds, shapes, codebooks (``head_coder``), and behind
it the tensors of the kinds 6 and 7 (``shared_stream``). Tensors of the kinds 1 to 3 have their
payloads in front, their lengths in the head.
"""

from dataclasses import replace
from itertools import accumulate
from math import prod

import numpy as np

from core.codec.alphabet import Alphabet
from core.codec.byte_reader import ByteReader, write_number
from core.codec.coders import (
    ClusteredHuffmanCoder,
    FloatCoder,
    UniformHuffmanCoder,
    encode_tensor,
)
from core.codec.contents import Contents, Record
from core.codec.head_coder import HeadCoder
from core.codec.heads import CLUSTERED, SHARED_KINDS, UNIFORM, Head, code_heads
from core.codec.model_state import HIGH, LOW, PLACE, initial_model
from core.codec.payload import PayloadBits, TensorCoder, unfold
from core.codec.shared_stream import (
    GAPS_VERSION,
    MAX_GAPPED_ELEMENTS,
    MAX_RANKS,
    SharedTensor,
    code_tensors,
    fits,
    geometry,
    matrix_shape,
    with_order,
)
from core.codec.tensors import ClusteredTensor, CodedTensor, CompressedNetwork, UniformTensor
from core.errors import CodecError

MAX_NUM_LEVEL_BITS = 8
MIN_GAPPED_ELEMENTS = 1 << 11

_RAW: dict[int, TensorCoder] = {
    coder.kind: coder for coder in (ClusteredHuffmanCoder(), UniformHuffmanCoder(), FloatCoder())
}
_MAGIC_AND_VERSION_BYTES = 4
_PAYLOAD_LENGTH_BITS = 16


Costs = tuple[int, int, int, int, int]
"""Of one tensor's name, kind and shape, codebook, positions, values; in 1/256 bits."""


def write_joint_body(network: CompressedNetwork) -> tuple[int, bytes]:
    """The format version and the bytes behind it, about the shortest of a few ways.

    At first all tensors that can be are in the shared stream, columns that could be pixels are
    pixels. Then they are not; then matrices of units are told by gaps, which is faster, if that is
    hardly longer; then tensors that would be shorter as raw payloads become that. The version is
    the lowest one that a reader needs.
    """
    tensors = list(network.tensors.values())
    raw = {k: encode_tensor(tensor) for k, tensor in enumerate(tensors) if not is_sharable(tensor)}
    flat = False
    best, costs = _write(network, raw, flat)
    if _has_pixels(tensors):
        other, other_costs = _write(network, raw, True)
        if len(other) < len(best):
            best, costs, flat = other, other_costs, True
    units = frozenset(k for k in _units(tensors) if k not in raw)
    by_gaps: frozenset[int] = frozenset()
    if units:
        other, other_costs = _write(network, raw, flat, units)
        by_gaps = frozenset(
            k for k in units if 64 * sum(other_costs[k][3:]) <= 65 * sum(costs[k][3:])
        )
        if by_gaps:
            best, costs = (
                (other, other_costs) if by_gaps == units else _write(network, raw, flat, by_gaps)
            )
    longer = {}
    for k, tensor in enumerate(tensors):
        if k not in raw:
            coder, payload = encode_tensor(tensor)
            if 256 * (8 * len(payload) + _PAYLOAD_LENGTH_BITS) < sum(costs[k][2:]):
                longer[k] = coder, payload
    if longer:
        other = _write(network, raw | longer, flat, by_gaps.difference(longer))[0]
        if len(other) < len(best):
            best, by_gaps = other, by_gaps.difference(longer)
    return GAPS_VERSION if by_gaps else GAPS_VERSION - 1, best


def read_joint_body(body: ByteReader, format_version: int, max_elements: int) -> Contents:
    """What ``write_joint_body`` wrote.

    Raises:
        CodecError: the bytes are no such body, or declare more elements than ``max_elements``.
    """
    start = body.position
    payloads = body.part(body.number("the length of the raw payloads"), "the raw payloads")
    file_bytes = _MAGIC_AND_VERSION_BYTES + body.position - start - payloads.num_left
    offset = body.position
    data = body.take(body.num_left, "the arithmetic code")
    coder = HeadCoder(data, offset)
    network_name, heads = code_heads(coder, b"", [], max_elements, format_version)
    shared = [_empty(head) if head.kind in SHARED_KINDS else None for head in heads]
    model = initial_model(format_version)
    coder.hand_over(model.coder)
    costs = code_tensors(True, shared, model, coder.stream, format_version)
    end = int(model.coder[PLACE])
    tail = _shortest_end(int(model.coder[LOW]), int(model.coder[HIGH]))
    if costs is None or data[end:] != tail:
        num_left = len(data) - end - len(tail)
        raise CodecError(
            f"{num_left} bytes are left over behind the last tensor"
            if costs is not None and num_left > 0
            else "the arithmetic code is damaged or cut short",
            offset + min(end, len(data)),
        )
    total = [head.costs + cost for head, cost in zip(heads, costs, strict=True)]
    shares = _shares(len(data), coder.cost - sum(map(sum, (head.costs for head in heads))), total)
    records = tuple(
        _record(head, tensor, share, payloads)
        for head, tensor, share in zip(heads, shared, shares[1:], strict=True)
    )
    if payloads.num_left:
        raise payloads.error(f"{payloads.num_left} bytes are left over behind the raw payloads")
    return Contents(
        format_version=format_version,
        network_name=network_name.decode(),
        header_bytes=file_bytes + shares[0][0],
        records=records,
    )


def is_sharable(tensor: CodedTensor) -> bool:
    """Whether the shared stream takes a tensor."""
    if isinstance(tensor, ClusteredTensor):
        num_negative = int(np.count_nonzero(np.signbit(tensor.codebook[1:])))
        few = max(num_negative, len(tensor.codebook) - 1 - num_negative) <= MAX_RANKS
        return few and fits(tensor.shape)
    return (
        isinstance(tensor, UniformTensor)
        and tensor.num_bits <= MAX_NUM_LEVEL_BITS
        and fits(tensor.shape)
    )


def _has_pixels(tensors: list[CodedTensor]) -> bool:
    """Whether the columns of a matrix are taken for pixels, although its shape has none."""
    matrices = [tensor for tensor in tensors if len(tensor.shape) > 1 and 0 not in tensor.shape]
    rows_before = [None, *(matrix.shape[0] for matrix in matrices)]
    return any(
        geometry(matrix.shape, rows) != geometry(matrix.shape, rows, flat=True)
        for matrix, rows in zip(matrices, rows_before, strict=False)
    )


def _units(tensors: list[CodedTensor]) -> list[int]:
    """Places of the matrices of units that are large enough to be told by gaps."""
    found: list[int] = []
    rows_before: int | None = None
    for k, tensor in enumerate(tensors):
        if len(tensor.shape) > 1 and is_sharable(tensor):
            _, height, width = geometry(tensor.shape, rows_before, flat=True)
            size = prod(tensor.shape)
            if height * width == 1 and MIN_GAPPED_ELEMENTS <= size <= MAX_GAPPED_ELEMENTS:
                found.append(k)
            rows_before = tensor.shape[0]
    return found


def _write(
    network: CompressedNetwork,
    raw: dict[int, tuple[TensorCoder, bytes]],
    flat: bool,
    by_gaps: frozenset[int] = frozenset(),
) -> tuple[bytes, list[Costs]]:
    """The body with some tensors as raw payloads or by gaps, and the costs of all tensors."""
    format_version = GAPS_VERSION if by_gaps else GAPS_VERSION - 1
    heads: list[Head] = []
    shared: list[SharedTensor | None] = []
    for k, (name, tensor) in enumerate(network.tensors.items()):
        head = Head(name=name.encode(), shape=tensor.shape)
        if k in raw:
            coder, payload = raw[k]
            heads.append(replace(head, kind=coder.kind, payload_bytes=len(payload)))
            shared.append(None)
        elif isinstance(tensor, ClusteredTensor):
            heads.append(replace(head, codebook=tensor.codebook[1:]))
            cells = tensor.indices.reshape(matrix_shape(tensor.shape)).copy()
            shared.append(SharedTensor(tensor.shape, _alphabet(heads[-1]), cells))
        elif isinstance(tensor, UniformTensor):
            step = np.array([tensor.step], np.float32)
            heads.append(replace(head, kind=UNIFORM, codebook=step, num_bits=tensor.num_bits))
            folded = (tensor.levels << 1) ^ (tensor.levels >> 31)
            cells = folded.reshape(matrix_shape(tensor.shape))
            shared.append(SharedTensor(tensor.shape, _alphabet(heads[-1]), cells))
    shared = [
        t and replace(t, flat=flat, by_gaps=k in by_gaps) for k, t in enumerate(with_order(shared))
    ]
    heads = [
        head
        if tensor is None
        else replace(head, ordered=tensor.ordered, flat=tensor.flat, by_gaps=tensor.by_gaps)
        for head, tensor in zip(heads, shared, strict=True)
    ]
    head_coder = HeadCoder()
    _, heads = code_heads(head_coder, network.network_name.encode(), heads, None, format_version)
    num_cells = sum(tensor.cells.size for tensor in shared if tensor is not None)
    num_nonzeros = sum(np.count_nonzero(tensor.cells) for tensor in shared if tensor is not None)
    num_bytes = 4096 + len(head_coder.stream) + num_cells // 4 + 8 * num_nonzeros
    stream = np.zeros(num_bytes, np.uint8)
    stream[: len(head_coder.stream)] = head_coder.stream
    model = initial_model(format_version)
    head_coder.hand_over(model.coder)
    costs = code_tensors(False, shared, model, stream, format_version)
    if costs is None:
        raise AssertionError(f"a stream of {num_cells} cells is longer than {num_bytes} bytes")
    code = stream[: model.coder[PLACE]].tobytes() + _shortest_end(
        int(model.coder[LOW]), int(model.coder[HIGH])
    )
    payloads = b"".join(payload for _, (_, payload) in sorted(raw.items()))
    total = [head.costs + cost for head, cost in zip(heads, costs, strict=True)]
    return write_number(len(payloads)) + payloads + code, total


def _alphabet(head: Head) -> Alphabet:
    if head.kind == UNIFORM:
        return Alphabet.of_levels(head.num_bits)
    return Alphabet.of_codebook(np.concatenate((np.zeros(1, np.float32), head.codebook)))


def _empty(head: Head) -> SharedTensor:
    cells = np.zeros(matrix_shape(head.shape), np.int32)
    return SharedTensor(head.shape, _alphabet(head), cells, head.ordered, head.flat, head.by_gaps)


def _record(
    head: Head, shared: SharedTensor | None, share: list[int], payloads: ByteReader
) -> Record:
    """A decoded tensor with its bytes of name, of header, and bits by purpose."""
    name_bytes, header_bytes, codebook, positions, values = share
    tensor: CodedTensor
    if shared is None:
        part = payloads.part(head.payload_bytes, f"the payload of {head.name.decode()!a}")
        tensor, bits = _RAW[head.kind].decode(part, head.shape)
        bits = replace(bits, parameters=bits.parameters + codebook)
    else:
        cells = shared.cells.reshape(head.shape)
        if head.kind == CLUSTERED:
            tensor = ClusteredTensor(
                cells, np.concatenate((np.zeros(1, np.float32), head.codebook))
            )
        else:
            unfold(cells.reshape(-1))
            tensor = UniformTensor(cells, float(head.codebook[0]), head.num_bits)
        bits = PayloadBits(positions=positions, values=values, codebook=codebook)
    return Record(
        name=head.name.decode(),
        kind=SHARED_KINDS.get(head.kind) or _RAW[head.kind].name,
        tensor=tensor,
        name_bytes=name_bytes,
        header_bytes=header_bytes,
        bits=bits,
    )


def _shares(num_bytes: int, others: int, costs: list[Costs]) -> list[list[int]]:
    """Divide the bytes of the arithmetic code by costs.

    Returns:
        The bytes that belong to no tensor, ``[1]``, then of each tensor bytes of its name and of
        its header, and bits of its codebook, positions, values; all sum to the whole.
    """
    totals = [others, *map(sum, costs)]
    ends = [num_bytes * end // max(sum(totals), 1) for end in accumulate(totals)]
    shares = [[ends[0]]]
    for cost, start, end in zip(costs, ends, ends[1:], strict=False):
        own, whole = end - start, max(sum(cost), 1)
        name, header = own * cost[0] // whole, own * cost[1] // whole
        rest, bits = max(sum(cost[2:]), 1), 8 * (own - name - header)
        positions, values = bits * cost[3] // rest, bits * cost[4] // rest
        shares.append([name, header, bits - positions - values, positions, values])
    return shares


def _shortest_end(low: int, high: int) -> bytes:
    """The fewest bytes that lead, with zeros behind them, into the coder's last interval."""
    for num_bytes in range(4):
        unit = 1 << (32 - 8 * num_bytes)
        value = -(-low // unit) * unit
        if value <= high:
            return value.to_bytes(4, "big")[:num_bytes]
    return low.to_bytes(4, "big")
