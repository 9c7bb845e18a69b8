"""The coders by context mixing: fewer bytes than Huffman codes, for tensors of moderate size.

A stream: the choices, as a number, ``line * 4 + hinted * 2 + column_major``, then the bytes of
``code_matrix``. The tensor is a matrix of ``shape[0]`` rows (one row without a second axis),
walked row by row or, transposed, column by column. ``line`` is the length of an image's line if
the columns are pixels; ``hinted`` says that the columns are told by the rows of the matrix before.
"""

from dataclasses import dataclass
from math import isqrt, prod

import numpy as np
import numpy.typing as npt

from core.codec import mixing_parameters as tuned
from core.codec.byte_reader import ByteReader, write_number
from core.codec.context_mixing import (
    CODE,
    HIGH,
    LOW,
    NO_SYMBOL,
    NUM_CODER_NUMBERS,
    PLACE,
    POSITION_COST,
    VALUE_COST,
    code_matrix,
    half_log,
)
from core.codec.payload import (
    PayloadBits,
    RowsBefore,
    fits_half,
    read_floats,
    read_step,
    unfold,
    write_floats,
)
from core.codec.tensors import ClusteredTensor, CodedTensor, UniformTensor

MAX_RANK_BITS = 8
MAX_NUM_LEVEL_BITS = 8
MIN_LINE = 3
MAX_HINT = 15
_MAX_LINES = 4096
_TRY_ALL_CELLS = 1 << 20

Symbols = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Alphabet:
    """How symbols, 0 being the zero, divide into a sign and a rank.

    Attributes:
        signs: 1 or 2 for each symbol, 0 for the zero, ``[symbols]``.
        ranks: rank of each symbol among those of its sign, ``[symbols]``.
        rank_bits: bits of a rank.
    """

    signs: Integers
    ranks: Integers

    @property
    def rank_bits(self) -> int:
        """Bits of the greatest rank."""
        return int(self.ranks.max()).bit_length()

    def symbols(self) -> Symbols:
        """The symbol of each sign and rank, ``[3, 2**rank_bits]``, 0 where there is none."""
        table = np.zeros((3, 1 << self.rank_bits), np.int32)
        table[self.signs[1:], self.ranks[1:]] = np.arange(1, len(self.signs))
        return table

    @classmethod
    def of_codebook(cls, codebook: npt.NDArray[np.float32]) -> "Alphabet":
        """Negative entries have sign 1 and are ranked from the last one, others 2 from the first.

        In an ascending codebook with the zero in front, small ranks are small magnitudes.
        """
        negative = np.signbit(codebook[1:])
        ranks = np.zeros(len(codebook), np.int64)
        ranks[1:][~negative] = np.arange(np.count_nonzero(~negative))
        ranks[1:][negative] = np.arange(np.count_nonzero(negative))[::-1]
        return cls(np.concatenate(([0], np.where(negative, 1, 2))).astype(np.int64), ranks)

    @classmethod
    def of_levels(cls, num_bits: int) -> "Alphabet":
        """Levels folded to 0, -1, 1, -2, 2, ..."""
        symbols = np.arange(1 << num_bits)
        signs = np.where(symbols & 1, 1, 2)
        signs[0] = 0
        return cls(signs.astype(np.int64), np.maximum(symbols - 1, 0) >> 1)


class ClusteredContextCoder:
    """Codebook and indices by context mixing.

    Payload: the codebook as in kind 1, at most 256 entries of each sign, and a stream.
    """

    kind = 4
    name = "clustered (context mixing)"

    def encode(self, tensor: CodedTensor, rows_before: RowsBefore = None) -> bytes | None:
        """The payload of a ``ClusteredTensor``, unless it is too large or has no non-zero."""
        if not isinstance(tensor, ClusteredTensor) or not tensor.indices.any():
            return None
        entries = tensor.codebook[1:]
        alphabet = Alphabet.of_codebook(tensor.codebook)
        if alphabet.rank_bits > MAX_RANK_BITS:
            return None
        stream = encode_cells(tensor.indices, alphabet, rows_before)
        half = fits_half(entries)
        head = write_number(2 * len(entries) + half) + write_floats(entries, half)
        return None if stream is None else head + stream

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


class UniformContextCoder:
    """A grid of levels by context mixing.

    Payload: width and step as in kind 2, at most 8 bits a level, and a stream of folded levels.
    """

    kind = 5
    name = "uniform (context mixing)"

    def encode(self, tensor: CodedTensor, rows_before: RowsBefore = None) -> bytes | None:
        """The payload of a ``UniformTensor``, unless it is too large or has no non-zero."""
        if (
            not isinstance(tensor, UniformTensor)
            or tensor.num_bits > MAX_NUM_LEVEL_BITS
            or not tensor.levels.any()
        ):
            return None
        folded = np.asarray((tensor.levels << 1) ^ (tensor.levels >> 31))
        stream = encode_cells(folded, Alphabet.of_levels(tensor.num_bits), rows_before)
        step = np.array([tensor.step], np.float32)
        half = fits_half(step)
        head = write_number(2 * (tensor.num_bits - 1) + half) + write_floats(step, half)
        return None if stream is None else head + stream

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


def encode_cells(
    cells: Symbols, alphabet: Alphabet, rows_before: RowsBefore = None
) -> bytes | None:
    """The bytes of the shortest stream for symbols, any shape, or ``None`` if it is too large."""
    num_rows, num_columns = _matrix_shape(cells.shape)
    if _too_long(num_rows, num_columns):
        return None
    streams: list[bytes] = []
    flat = cells.flatten()  # a copy: the compiled loop takes no read-only array, as it may write
    for column_major in (False, True):
        for line in _possible_lines(cells.shape):
            for hinted in (True, False) if _can_hint(num_columns, rows_before) else (False,):
                if streams and cells.size > _TRY_ALL_CELLS:
                    break
                buffer = np.zeros(1024 + cells.size // 4 + 4 * np.count_nonzero(cells), np.uint8)
                hints = rows_before if hinted else None
                coder = _new_coder()
                end = _code(
                    False, flat, (num_rows, num_columns), column_major, line, hints,
                    alphabet, coder, buffer,
                )  # fmt: skip
                if end >= 0:
                    choices = write_number(line * 4 + hinted * 2 + column_major)
                    streams.append(choices + buffer[:end].tobytes() + _shortest_end(coder))
    return min(streams, key=len, default=None)


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
        True, cells, (num_rows, num_columns), column_major, line, rows_before if hinted else None,
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
    decoding: bool,
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
    return code_matrix(
        decoding, cells, sizes[0], sizes[1], strides[0], strides[1], line, not column_major,
        hints[0], hints[1], alphabet.signs, alphabet.ranks, alphabet.symbols(), alphabet.rank_bits,
        coder, stream, tuned.PARAMETERS, tuned.RATES, tuned.CONFIDENCES, tuned.POSITION_WEIGHTS,
        tuned.SIGN_WEIGHTS, tuned.RANK_WEIGHTS, tuned.PRIOR_COUNTS,
    )  # fmt: skip


def _new_coder() -> Integers:
    coder = np.zeros(NUM_CODER_NUMBERS, np.int64)
    coder[HIGH] = 0xFFFFFFFF
    return coder


def _shortest_end(coder: Integers) -> bytes:
    """The fewest bytes that lead, with zeros behind them, into the coder's last interval."""
    low, high = int(coder[LOW]), int(coder[HIGH])
    for num_bytes in range(4):
        unit = 1 << (32 - 8 * num_bytes)
        value = -(-low // unit) * unit
        if value <= high:
            return value.to_bytes(4, "big")[:num_bytes]
    return low.to_bytes(4, "big")


def _matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    num_rows = shape[0] if len(shape) > 1 else 1
    return num_rows, prod(shape) // num_rows if num_rows else 0


def _too_long(num_rows: int, num_columns: int) -> bool:
    """Rows and columns each take some memory; keep it below that of the cells, or small."""
    return num_rows + num_columns > max(_MAX_LINES, num_rows * num_columns // 32)


def _possible_lines(shape: tuple[int, ...]) -> list[int]:
    """Lengths of a line of pixels that the shape suggests, the likeliest first, and 0 for none."""
    _, num_columns = _matrix_shape(shape)
    if len(shape) > 2:
        line = shape[-1]
    else:
        channels = (
            3 if num_columns % 3 == 0 and isqrt(num_columns // 3) ** 2 * 3 == num_columns else 1
        )
        line = isqrt(num_columns // channels)
        if len(shape) < 2 or line * line * channels != num_columns:
            line = 0
    return [line, 0] if MIN_LINE <= line <= num_columns else [0]


def _can_hint(num_columns: int, rows_before: RowsBefore) -> bool:
    return rows_before is not None and num_columns % len(rows_before) == 0


def _with_head(bits: PayloadBits, codebook: int, numbers: int) -> PayloadBits:
    return PayloadBits(
        positions=bits.positions,
        values=bits.values,
        codebook=codebook,
        parameters=bits.parameters + numbers,
    )
