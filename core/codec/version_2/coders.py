"""Reads tensors of the kinds 4 and 5: context mixing with a stream for each tensor.

A stream: the choices, as a number, ``line * 4 + hinted * 2 + column_major``, then the bytes of
``read_matrix``. The tensor is a matrix of ``shape[0]`` rows (one row without a second axis),
walked row by row or, transposed, column by column. ``line`` is the length of an image's line if
the columns are pixels; ``hinted`` says that the columns are told by the rows of the matrix before.
"""

from math import prod

import numpy as np
import numpy.typing as npt

from core.codec.alphabet import Alphabet
from core.codec.byte_reader import ByteReader
from core.codec.payload import (
    PayloadBits,
    RowsBefore,
    read_floats,
    read_step,
    unfold,
)
from core.codec.tensors import ClusteredTensor, UniformTensor
from core.codec.version_2 import parameters as tuned
from core.codec.version_2.decision import (
    CODE,
    HIGH,
    NO_SYMBOL,
    NUM_CODER_NUMBERS,
    PLACE,
    POSITION_COST,
    VALUE_COST,
    half_log,
)
from core.codec.version_2.matrix import read_matrix

MAX_RANK_BITS = 8
MAX_NUM_LEVEL_BITS = 8
MIN_LINE = 3
MAX_HINT = 15
_MAX_LINES = 4096

Symbols = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]


class ClusteredContextReader:
    """Codebook and indices by context mixing.

    Payload: the codebook as in kind 1, at most 256 entries of each sign, and a stream.
    """

    kind = 4
    name = "clustered (context mixing)"

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...], rows_before: RowsBefore = None
    ) -> tuple[ClusteredTensor, PayloadBits]:
        """The tensor and where its bits are."""
        start = payload.position
        num_entries, half = divmod(payload.number("the size of a codebook"), 2)
        if num_entries > 2 << MAX_RANK_BITS or num_entries == 0:
            raise payload.error(f"a codebook of {num_entries + 1} entries is not for this coder")
        numbers = payload.position - start
        entries = read_floats(payload, num_entries, half == 1, "a codebook")
        codebook = np.concatenate((np.zeros(1, np.float32), entries))
        alphabet = Alphabet.of_codebook(codebook)
        if alphabet.rank_bits > MAX_RANK_BITS:
            raise payload.error(f"a codebook has over {1 << MAX_RANK_BITS} entries of one sign")
        codebook_bits = 8 * (payload.position - start - numbers)
        indices, bits = decode_cells(payload, shape, alphabet, rows_before)
        return ClusteredTensor(indices, codebook), _with_head(bits, codebook_bits, 8 * numbers)


class UniformContextReader:
    """A grid of levels by context mixing.

    Payload: width and step as in kind 2, at most 8 bits a level, and a stream of folded levels.
    """

    kind = 5
    name = "uniform (context mixing)"

    def decode(
        self, payload: ByteReader, shape: tuple[int, ...], rows_before: RowsBefore = None
    ) -> tuple[UniformTensor, PayloadBits]:
        """The tensor and where its bits are."""
        start = payload.position
        num_bits, half = divmod(payload.number("the width of levels"), 2)
        num_bits += 1
        if num_bits > MAX_NUM_LEVEL_BITS:
            raise payload.error(f"levels of {num_bits} bits are not for this coder")
        numbers = payload.position - start
        step = read_step(payload, half == 1, num_bits)
        codebook_bits = 8 * (payload.position - start - numbers)
        folded, bits = decode_cells(payload, shape, Alphabet.of_levels(num_bits), rows_before)
        unfold(folded.reshape(-1))
        tensor = UniformTensor(folded, float(step), num_bits)
        return tensor, _with_head(bits, codebook_bits, 8 * numbers)


def decode_cells(
    data: ByteReader, shape: tuple[int, ...], alphabet: Alphabet, rows_before: RowsBefore = None
) -> tuple[Symbols, PayloadBits]:
    """The symbols, int32 of shape ``shape``, whose stream is all that is left of ``data``.

    Raises:
        CodecError: the bytes are no such stream.
    """
    start = data.position
    choices = data.number("the choices of a stream")
    line, hinted, column_major = choices >> 2, choices >> 1 & 1 == 1, choices & 1 == 1
    num_rows, num_columns = _matrix_shape(shape)
    if prod(shape) == 0 or _too_long(num_rows, num_columns):
        raise data.error(f"a matrix of {num_rows} x {num_columns} is not for this coder")
    if line and not MIN_LINE <= line <= num_columns:
        raise data.error(f"a line of {line} does not divide a row of {num_columns}")
    if hinted and not _can_hint(num_columns, rows_before):
        raise data.error("no matrix before this one has rows for its columns")
    head_bits = 8 * (data.position - start)
    stream_start = data.position
    stream = np.frombuffer(data.take(data.num_left, "a stream"), np.uint8).copy()
    coder = _new_coder()
    coder[CODE] = int.from_bytes(stream[:4].tobytes().ljust(4, b"\0"), "big")
    cells = np.zeros(prod(shape), np.int32)
    end = _code(
        cells, (num_rows, num_columns), column_major, line, rows_before if hinted else None,
        alphabet, coder, stream,
    )  # fmt: skip
    if end < 0 or len(stream) > end + 4:
        data.position = stream_start + min(int(coder[PLACE]), len(stream))
        raise data.error(
            "a decision leads to a symbol that is not there"
            if end == NO_SYMBOL
            else "the stream of decisions is cut short"
            if end < 0
            else f"{len(stream) - end - 4} bytes or more are left over behind the last decision"
        )
    costs = int(coder[POSITION_COST]), int(coder[VALUE_COST])
    position_bits = 8 * len(stream) * costs[0] // max(1, sum(costs))
    return cells.reshape(shape), PayloadBits(
        positions=position_bits, values=8 * len(stream) - position_bits, parameters=head_bits
    )


def _code(
    cells: Symbols,
    matrix_shape: tuple[int, int],
    column_major: bool,
    line: int,
    rows_before: RowsBefore,
    alphabet: Alphabet,
    coder: Integers,
    stream: npt.NDArray[np.uint8],
) -> int:
    num_rows, num_columns = matrix_shape
    hints = [np.zeros(num_rows, np.uint8), np.zeros(num_columns, np.uint8)]
    if rows_before is not None:
        levels = [min(MAX_HINT, 2 + half_log(1 + count)) for count in rows_before.tolist()]
        hints[1] = np.repeat(np.array(levels, np.uint8), num_columns // len(levels))
    sizes, strides = (num_rows, num_columns), (num_columns, 1)
    if column_major:
        sizes, strides, hints = sizes[::-1], strides[::-1], hints[::-1]
    return read_matrix(
        cells, sizes[0], sizes[1], strides[0], strides[1], line, not column_major,
        hints[0], hints[1], alphabet.signs, alphabet.ranks, alphabet.symbols(), alphabet.rank_bits,
        coder, stream, tuned.PARAMETERS, tuned.RATES, tuned.CONFIDENCES, tuned.POSITION_WEIGHTS,
        tuned.SIGN_WEIGHTS, tuned.RANK_WEIGHTS, tuned.PRIOR_COUNTS,
    )  # fmt: skip


def _new_coder() -> Integers:
    coder = np.zeros(NUM_CODER_NUMBERS, np.int64)
    coder[HIGH] = 0xFFFFFFFF
    return coder


def _matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    num_rows = shape[0] if len(shape) > 1 else 1
    return num_rows, prod(shape) // num_rows if num_rows else 0


def _too_long(num_rows: int, num_columns: int) -> bool:
    """Rows and columns each take some memory; keep it below that of the cells, or small."""
    return num_rows + num_columns > max(_MAX_LINES, num_rows * num_columns // 32)


def _can_hint(num_columns: int, rows_before: RowsBefore) -> bool:
    return rows_before is not None and num_columns % len(rows_before) == 0


def _with_head(bits: PayloadBits, codebook: int, numbers: int) -> PayloadBits:
    return PayloadBits(
        positions=bits.positions,
        values=bits.values,
        codebook=codebook,
        parameters=bits.parameters + numbers,
    )
