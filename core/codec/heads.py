"""The heads of a file's tensors in its arithmetic code: names, kinds, shapes, codebooks."""

from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt

from core.codec.contents import Shape
from core.codec.head_coder import HeadCoder
from core.codec.names import ENDINGS, num_shared, split_name
from core.codec.shared_stream import GAPS_VERSION, MAX_GAPPED_ELEMENTS, MAX_RANKS, fits
from core.codec.tensors import MAX_DIMENSIONS, MAX_NAME_BYTES

CLUSTERED, UNIFORM = 6, 7
SHARED_KINDS = {CLUSTERED: "clustered (context mixing)", UNIFORM: "uniform (context mixing)"}

_KIND_ORDER = (CLUSTERED, UNIFORM, 3, 1, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """What the head says of one tensor.

    Attributes:
        name: its name in UTF-8.
        kind: its kind.
        shape: its shape.
        codebook: entries after the zero, or the step of a grid.
        num_bits: bits of a level.
        ordered: see ``SharedTensor``.
        flat: see ``SharedTensor``.
        by_gaps: see ``SharedTensor``.
        payload_bytes: length of a raw payload.
        costs: of name, of kind and shape, of codebook.
    """

    name: bytes = b""
    kind: int = CLUSTERED
    shape: Shape = ()
    codebook: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    num_bits: int = 1
    ordered: bool = False
    flat: bool = False
    by_gaps: bool = False
    payload_bytes: int = 0
    costs: tuple[int, int, int] = (0, 0, 0)


def code_heads(
    coder: HeadCoder,
    network_name: bytes,
    heads: list[Head],
    max_elements: int | None,
    format_version: int,
) -> tuple[bytes, list[Head]]:
    """Code name and tensors' heads; both as given or read, with their costs."""
    knows_gaps = format_version >= GAPS_VERSION
    network_name = coder.text(network_name, MAX_NAME_BYTES)
    _require_text(coder, network_name, "the network's name")
    number = coder.number(len(heads), "tensors")
    coded: list[Head] = []
    seen = set[bytes]()
    rows: int | None = None
    elements_left = max_elements
    for k in range(number):
        head = _code_head(
            coder, Head() if coder.decoding else heads[k], coded[-1] if coded else Head(), rows,
            elements_left, knows_gaps,
        )  # fmt: skip
        if head.name in seen:
            raise coder.error(f"two tensors have the name {head.name.decode()!a}")
        seen.add(head.name)
        coded.append(head)
        if len(head.shape) > 1:
            rows = head.shape[0]
        if elements_left is not None:
            elements_left -= _num_declared(head.shape)
    return network_name, coded


def _code_head(
    coder: HeadCoder,
    given: Head,
    before: Head,
    rows: int | None,
    elements_left: int | None,
    knows_gaps: bool,
) -> Head:
    """Code one tensor's head.

    Args:
        coder: where to.
        given: the head, looked at when encoding only.
        before: the head of the tensor before.
        rows: rows of the last matrix before, if any.
        elements_left: how many elements it may declare at most.
        knows_gaps: whether a matrix may be told by gaps.
    """
    start = coder.cost
    name = _code_name(coder, given.name, before.name)
    after_name = coder.cost
    order = coder.tree(_KIND_ORDER.index(given.kind), 3, "kind", _KIND_ORDER.index(before.kind))
    if order >= len(_KIND_ORDER):
        raise coder.error(f"{name.decode()!a} has a kind that its format version does not know")
    kind = _KIND_ORDER[order]
    shape = _code_shape(coder, given.shape, before.shape, rows, order)
    if elements_left is not None and _num_declared(shape) > elements_left:
        raise coder.error(
            f"the tensors up to {name.decode()!a} declare {_num_declared(shape) - elements_left} "
            "elements more than max_elements allows; raise it if you trust the file"
        )
    if kind in SHARED_KINDS and not fits(shape):
        raise coder.error(f"a tensor of shape {shape} is not for this coder")
    after_shape = coder.cost
    is_matrix = kind in SHARED_KINDS and len(shape) > 1
    ordered = is_matrix and coder.bit(given.ordered, "ordered")
    flat = is_matrix and coder.bit(given.flat, "flat")
    by_gaps = is_matrix and knows_gaps and coder.bit(given.by_gaps, "gaps")
    if by_gaps and prod(shape) > MAX_GAPPED_ELEMENTS:
        raise coder.error(f"a tensor of shape {shape} is too large to be told by gaps")
    codebook, num_bits, payload_bytes = given.codebook, given.num_bits, 0
    if kind == CLUSTERED:
        size = coder.number(len(codebook), "entries")
        if size > 2 * MAX_RANKS:
            raise coder.error(f"a codebook of {size + 1} entries is not for this coder")
        codebook = coder.floats(np.resize(codebook, size), "entry")
        num_negative = int(np.count_nonzero(np.signbit(codebook)))
        if max(num_negative, size - num_negative) > MAX_RANKS:
            raise coder.error(f"a codebook has over {MAX_RANKS} entries of one sign")
    elif kind == UNIFORM:
        num_bits = 1 + coder.tree(num_bits - 1, 3, "level bits")
        codebook = coder.floats(np.resize(codebook, 1), "step")
        with np.errstate(over="ignore"):
            least = -codebook[0] * np.float32(2 ** (num_bits - 1))
        if np.signbit(codebook[0]) or not np.isfinite(least):
            raise coder.error(f"a step of {codebook[0]} is negative or too large")
    else:
        payload_bytes = coder.number(given.payload_bytes, "payload")
    return Head(
        name=name,
        kind=kind,
        shape=shape,
        codebook=codebook,
        num_bits=num_bits,
        ordered=bool(ordered),
        flat=bool(flat),
        by_gaps=bool(by_gaps),
        payload_bytes=payload_bytes,
        costs=(after_name - start, after_shape - after_name, coder.cost - after_shape),
    )


def _code_name(coder: HeadCoder, name: bytes, name_before: bytes) -> bytes:
    """Code a name by its ending and by what its stem shares with the one before."""
    (stem, ending), (stem_before, ending_before) = split_name(name), split_name(name_before)
    ending = coder.tree(ending, 2, "ending", ending_before)
    if ending >= len(ENDINGS):
        raise coder.error("a name has an unknown ending")
    same = coder.bit(stem == stem_before, "same stem", ending_before)
    if same:
        return stem_before + ENDINGS[ending]
    shared = coder.number(num_shared(stem, stem_before), "shared")
    if shared > len(stem_before):
        raise coder.error(f"a name shares {shared} bytes with one of {len(stem_before)}")
    name = stem_before[:shared] + coder.text(stem[shared:], MAX_NAME_BYTES) + ENDINGS[ending]
    _require_text(coder, name, "a tensor's name")
    return name


def _code_shape(
    coder: HeadCoder, shape: Shape, shape_before: Shape, rows: int | None, order: int
) -> Shape:
    """Code a shape: the first axis of the tensor before alone, or the length of each axis."""
    like_before = shape_before[:1]
    if like_before and coder.bit(shape == like_before, "like before", order):
        return like_before
    num_axes = coder.tree(len(shape), 4, "axes", order)
    if num_axes > MAX_DIMENSIONS:
        raise coder.error(f"a tensor of {num_axes} axes has more than {MAX_DIMENSIONS}")
    lengths: list[int] = []
    for axis, length in enumerate(shape if not coder.decoding else (0,) * num_axes):
        if axis == 1 and rows:
            is_multiple = length > 0 and length % rows == 0
            if coder.bit(is_multiple, "multiple"):
                lengths.append((1 + coder.number(max(length // rows, 1) - 1, "multiple")) * rows)
                continue
        lengths.append(coder.number(length, f"axis {min(axis, 2)}"))
    return tuple(lengths)


def _num_declared(shape: Shape) -> int:
    return prod(max(length, 1) for length in shape)


def _require_text(coder: HeadCoder, name: bytes, what: str) -> None:
    if len(name) > MAX_NAME_BYTES:
        raise coder.error(f"{what} is longer than {MAX_NAME_BYTES} bytes")
    try:
        name.decode()
    except UnicodeDecodeError as error:
        raise coder.error(f"{what} is no UTF-8 text: {error.reason}") from error
