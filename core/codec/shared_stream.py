"""The shared stream: every small tensor of a network in one arithmetic code.

Matrices come first, the last one of the file foremost: a unit that feeds many weights of the next
layer has many of its own, and where the units are sorted by the sum of both, what it feeds bounds
its own row. Vectors, the biases, come after them, told by the rows that they belong to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt, prod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.codec.alphabet import Alphabet
from core.codec.gap_loop import code_gapped_matrix, value_slots
from core.codec.matrix_loop import code_matrix
from core.codec.model_state import LAST_VERSION, POSITION_COST, VALUE_COST, Model
from core.codec.vector_loop import code_vector

MAX_RANKS = 256
MAX_LINES = 4096
GAPS_VERSION = 5
"""The format version from which on a matrix may be told by gaps."""

MAX_GAPPED_ELEMENTS = 1 << 31
"""Elements of a matrix told by gaps, so that no product leaves 63 bits."""

MAX_LINKS = 1 << 14
"""Pairs of a column and a unit behind that may be kept account of however small a matrix is."""

MAX_OUTGOING = 255
"""Greatest sum of directions that counts, so that no product leaves 63 bits."""

NOBODY = np.zeros(0, np.int64)
"""Rows that a vector belongs to, if there are none."""

Integers: TypeAlias = npt.NDArray[np.int64]
Symbols: TypeAlias = npt.NDArray[np.int32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Geometry: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class SharedTensor:
    """A tensor of the shared stream.

    Attributes:
        shape: its shape; no axis is 0.
        alphabet: signs and ranks of its symbols.
        cells: the symbols, ``[rows, columns]``, or ``[elements]`` with fewer than two axes; zeros
            that the decoder fills.
        ordered: whether the number of non-zeros in a unit's row and in what it feeds never grows
            from unit to unit; found by the encoder.
        flat: whether columns that could be pixels are none; chosen by the encoder.
        by_gaps: whether a matrix is told by the gaps between its non-zeros; chosen by the encoder.
    """

    shape: tuple[int, ...]
    alphabet: Alphabet
    cells: Symbols
    ordered: bool = False
    flat: bool = False
    by_gaps: bool = False


def fits(shape: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape may be in the stream.

    Rows and columns each take some memory; it is kept below that of the cells, or small.
    """
    if prod(shape) == 0:
        return False
    num_lines = shape[0] + prod(shape[1:]) if len(shape) > 1 else 1
    return num_lines <= max(MAX_LINES, prod(shape) // 32)


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of the cells of a tensor of this shape."""
    return (shape[0], prod(shape[1:])) if len(shape) > 1 else (prod(shape),)


def fed_by(rows: int, columns: Integers | None) -> Integers:
    """Non-zeros that each row's unit feeds, ``[rows]``, or -1 if unknown.

    Args:
        rows: number of the rows.
        columns: non-zeros in each column of the following matrix, if any, ``[columns]``.
    """
    if columns is None or len(columns) % rows:
        return np.full(rows, -1, np.int64)
    return np.asarray(columns.reshape(rows, -1).sum(axis=1), np.int64)


def directions_out_of(tensor: SharedTensor, following: SharedTensor | None) -> Integers:
    """Sum of the directions of what each row of a following matrix has of each row's unit.

    Returns:
        ``[following rows, rows]``, or ``[0, rows]`` if unknown, or too many to keep account of.
    """
    rows, columns = tensor.cells.shape
    if following is None or following.cells.shape[1] % rows:
        return np.zeros((0, rows), np.int64)
    if len(following.cells) * columns > max(MAX_LINKS, tensor.cells.size // 8):
        return np.zeros((0, rows), np.int64)
    directions = np.array([0, -1, 1])[following.alphabet.signs]
    by_unit = directions[following.cells].reshape(len(following.cells), rows, -1)
    return np.asarray(by_unit.sum(axis=2).clip(-MAX_OUTGOING, MAX_OUTGOING), np.int64)


def with_order(tensors: Sequence[SharedTensor | None]) -> list[SharedTensor | None]:
    """The tensors, each matrix with the truth about its order; for the encoder."""
    found = list(tensors)
    columns: Integers | None = None
    for k in reversed(range(len(found))):
        tensor = found[k]
        if tensor is None or len(tensor.shape) < 2:
            continue
        fed = fed_by(tensor.shape[0], columns)
        totals = fed + np.count_nonzero(tensor.cells, axis=1)
        ordered = bool(fed[0] >= 0 and (np.diff(totals) <= 0).all())
        found[k] = replace(tensor, ordered=ordered)
        columns = np.asarray(np.count_nonzero(tensor.cells, axis=0), np.int64)
    return found


def geometry(shape: tuple[int, ...], rows_before: int | None, flat: bool = False) -> Geometry:
    """Channels, height and width of the columns of a matrix.

    Args:
        shape: shape of the tensor.
        rows_before: rows of the matrix before it in the file, if any.
        flat: see ``SharedTensor``.
    """
    if len(shape) > 2:
        return shape[1], prod(shape[2:-1]), shape[-1]
    columns = shape[1]
    channels = columns
    if rows_before is not None and columns % rows_before == 0:
        channels = rows_before
    elif not flat:
        for colours in (1, 3):
            side = isqrt(columns // colours)
            if side > 4 and colours * side * side == columns:
                channels = colours
                break
    area = columns // channels
    side = isqrt(area)
    return (channels, side, side) if side * side == area else (channels, 1, area)


def code_tensors(
    decoding: bool,
    tensors: Sequence[SharedTensor | None],
    model: Model,
    stream: Bytes,
    format_version: int = LAST_VERSION,
) -> list[tuple[int, int]] | None:
    """Code the tensors of a file; the cost of each's positions and values, in 1/256 bits.

    Args:
        decoding: whether the tensors' cells are to be filled.
        tensors: in file order; None stands for one outside the stream.
        model: what is known, its arithmetic coder behind the head.
        stream: its bytes.
        format_version: of the file; from 4 on what units feed tells of their signs.

    Returns:
        The costs, zeros for a tensor outside the stream, or None if the stream is too short.
    """
    knows_links, slots = format_version >= 4, value_slots()
    costs, coder = [(0, 0)] * len(tensors), model.coder
    matrices = [k for k, t in enumerate(tensors) if t is not None and len(t.shape) > 1]
    vectors = [k for k, t in enumerate(tensors) if t is not None and len(t.shape) < 2]
    columns: Integers | None = None  # of the matrix before in the stream: non-zeros in each
    following: SharedTensor | None = None  # that matrix
    rows: dict[int, Integers] = {}  # of each matrix: non-zeros in each
    for place in reversed(range(len(matrices))):
        k = matrices[place]
        tensor = tensors[k]
        assert tensor is not None
        before = tensors[matrices[place - 1]] if place else None
        alphabet = tensor.alphabet
        start = int(coder[POSITION_COST]), int(coder[VALUE_COST])
        live = _live(tensor.cells, decoding)
        rows[k], next_columns = (np.zeros(length, np.int64) for length in tensor.cells.shape)
        fed = fed_by(tensor.shape[0], columns)
        if tensor.by_gaps:
            is_whole = alphabet.is_zero or code_gapped_matrix(
                decoding, tensor.cells, live[0], live[1], rows[k], next_columns, fed,
                alphabet.tables(), slots, model, stream,
            )  # fmt: skip
        else:
            channels, height, width = geometry(
                tensor.shape, before.shape[0] if before else None, tensor.flat
            )
            is_flat = height * width == 1
            outgoing = directions_out_of(tensor, following if knows_links and is_flat else None)
            is_whole = alphabet.is_zero or code_matrix(
                decoding, tensor.cells, channels, height, width, live[0], live[1], rows[k],
                next_columns, fed, outgoing, tensor.ordered, alphabet.tables(), model, stream,
            )  # fmt: skip
        if not is_whole:
            return None
        costs[k] = int(coder[POSITION_COST]) - start[0], int(coder[VALUE_COST]) - start[1]
        columns, following = next_columns, tensor
    for k in vectors:
        tensor = tensors[k]
        assert tensor is not None
        alphabet = tensor.alphabet
        start = int(coder[POSITION_COST]), int(coder[VALUE_COST])
        owners = rows.get(k - 1, NOBODY)
        if len(owners) != tensor.cells.size:
            owners = NOBODY
        if not alphabet.is_zero and not code_vector(
            decoding, tensor.cells, owners, alphabet.tables(), model, stream,
        ):  # fmt: skip
            return None
        costs[k] = int(coder[POSITION_COST]) - start[0], int(coder[VALUE_COST]) - start[1]
    return costs


def _live(cells: Symbols, decoding: bool) -> tuple[Bytes, Bytes]:
    """Which rows and columns have a non-zero, unless that is to be found out."""
    if decoding:
        return np.zeros(cells.shape[0], np.uint8), np.zeros(cells.shape[1], np.uint8)
    return np.asarray(cells.any(axis=1), np.uint8), np.asarray(cells.any(axis=0), np.uint8)
