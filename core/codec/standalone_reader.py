"""Reads ``.sws`` files with NumPy and ``constriction`` alone: copy this one file and ``read``.

A second decoder, written from ``docs/format.md`` and independent of the rest of this package: for
machines without torch and numba. It is plain Python, so a tensor coded by context mixing takes
some ten microseconds a live element; a LeNet-300-100 takes a second or two. It is longer than a
module of ours should be, since it must stand alone.
"""

import zlib
from collections.abc import Callable
from math import prod
from typing import Any

import constriction
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_HUFFMAN = constriction.symbol.huffman
_BIT = _HUFFMAN.DecoderHuffmanTree(np.array([0.5, 0.5]))

_LOGISTIC = (
    *(22, 36, 60, 98, 162, 267, 440, 724, 1179, 1921, 3108, 4971, 7812, 11956, 17625, 24743),
    *(32768, 40793, 47911, 53580, 57724, 60565, 62428, 63615, 64357, 64812, 65096, 65269),
    *(65374, 65438, 65476, 65500, 65514, 65514),
)
_SQUASH = [
    _LOGISTIC[x >> 7] + (((_LOGISTIC[(x >> 7) + 1] - _LOGISTIC[x >> 7]) * (x & 127)) >> 7)
    for x in range(4096)
]
_STRETCH = np.clip(np.searchsorted(_SQUASH, 16 * np.arange(4096) + 8) - 2048, -2047, 2047).tolist()

# Greatest count, lasting and initial rate of learning, horizon, tenths in the denominators of
# rate and confidence, initial weights; of live rows and columns, positions, signs, ranks.
_GROUPS = (
    (100, 16, 24, 493, 15, 1, (30000, 30000, 0)),
    (
        *(499, 2, 2, 332, 25, 1),
        (-57792, -5248, 11712, 6848, 17984, 19840, 44736, -13568, 10752, 33728, 8704, 6720, -3008),
    ),
    (357, 3, 68, 183, 16, 9, (-11136, 29184, 26496, -2304, -8640, 21824, 11904, 0)),
    (196, 9, 119, 1, 12, 17, (3520, 22592, 12480, 8512, 19840, 11456, -2304, 0)),
)


def read(data: bytes, max_elements: int = 2**28) -> dict[str, Floats]:
    """The tensors in the bytes of a file, by name, in file order.

    Raises:
        ValueError: the bytes are no such file, are damaged, or declare more than ``max_elements``.
    """
    if data[:3] != b"SWS" or len(data) < 8 or data[3] not in {1, 2}:
        raise ValueError("not an .sws file of format version 1 or 2")
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise ValueError("the file is damaged or cut short")
    try:
        return _read_tensors(_Reader(data[4:-4]), max_elements)
    except (IndexError, ArithmeticError) as error:
        raise ValueError(f"the file breaks a rule of its format: {error}") from error


class _Reader:
    """Bytes, read from the front."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, count: int) -> bytes:
        if count > len(self.data):
            raise ValueError(f"{count} bytes are needed, but only {len(self.data)} are left")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self) -> int:
        value = 0
        for k in range(9):
            byte = self.take(1)[0]
            value |= (byte & 127) << 7 * k
            if byte < 128:
                return value
        raise ValueError("a number is not below 2**63")

    def floats(self, count: int, half: int) -> Floats:
        raw = self.take(count * (2 if half else 4))
        return np.frombuffer(raw, "<f2" if half else "<f4").astype(np.float32)


def _read_tensors(reader: _Reader, max_elements: int) -> dict[str, Floats]:
    reader.take(reader.number())  # the network's name
    tensors: dict[str, Floats] = {}
    stem = b""
    shape: tuple[int, ...] = ()
    rows_before: Integers | None = None
    for _ in range(reader.number()):
        shared, ending = divmod(reader.number(), 3)
        stem = stem[:shared] + reader.take(reader.number())
        kind, axes = divmod(reader.take(1)[0], 16)
        shape = shape[:1] if axes == 15 else tuple(reader.number() for _ in range(axes))
        max_elements -= prod(max(length, 1) for length in shape)
        if max_elements < 0:
            raise ValueError("the file declares more elements than max_elements")
        payload = _Reader(reader.take(reader.number()))
        values: Any
        if kind == 3:
            values = payload.floats(prod(shape), 0)
        elif kind in {1, 4}:
            size, half = divmod(payload.number(), 2)
            codebook = np.concatenate((np.zeros(1, np.float32), payload.floats(size, half)))
            indices = (
                _sparse(payload, shape, size + 1)
                if kind == 1
                else _contexts(payload, shape, *_of_codebook(codebook), rows_before)
            )
            values = codebook[indices]
            if len(shape) > 1:
                nonzero = (indices != 0).reshape(shape[0], -1) if indices.size else None
                rows_before = None if nonzero is None else np.count_nonzero(nonzero, axis=1)
        elif kind in {2, 5}:
            num_bits, half = divmod(payload.number(), 2)
            step = payload.floats(1, half)[0]
            size = 2 << num_bits
            folded = (
                _sparse(payload, shape, size)
                if kind == 2
                else _contexts(payload, shape, *_of_levels(size), rows_before)
            )
            values = ((folded >> 1) ^ -(folded & 1)).astype(np.float32) * step
        else:
            raise ValueError(f"a tensor has kind {kind}")
        name = (stem + (b"", b".weight", b".bias")[ending]).decode()
        tensors[name] = np.asarray(values, np.float32).reshape(shape)  # a scalar is no array
    return tensors


# Sparse streams.


class _Queue:
    """Bits, read from the front; ``constriction`` raises ``ValueError`` at their end."""

    def __init__(self, data: bytes) -> None:
        words = np.frombuffer(data + bytes(-len(data) % 4), "<u4").astype(np.uint32)
        self._queue = constriction.symbol.QueueDecoder(words)

    def bits(self, width: int) -> int:
        return sum(int(self._queue.decode_symbol(_BIT)) << k for k in range(width))

    def unary(self, limit: int) -> int:
        count = 0
        while count < limit and self.bits(1):
            count += 1
        return count

    def symbols(self, count: int, tree: Any) -> Integers:
        return np.array([self._queue.decode_symbol(tree) for _ in range(count)], np.int64)


def _sparse(payload: _Reader, shape: tuple[int, ...], alphabet_size: int) -> Integers:
    size = prod(shape)
    num_pairs = payload.number()
    cells: Integers = np.zeros(size, np.int64)
    if num_pairs > size:
        raise ValueError(f"{num_pairs} pairs are more than {size} elements")
    if num_pairs == 0:
        return cells.reshape(shape)
    queue = _Queue(payload.data)
    by_columns, span_bits = queue.bits(1), queue.bits(4)
    read_gaps = _code(queue, 1 << span_bits)
    read_values = _code(queue, alphabet_size)
    gaps = read_gaps(num_pairs)
    places = np.cumsum(np.where(gaps == 0, 1 << span_bits, gaps)) - 1
    cells[places] = read_values(num_pairs)
    if by_columns:
        cells = cells.reshape(-1, shape[0]).T
    return cells.reshape(shape)


def _code(queue: _Queue, alphabet_size: int) -> Callable[[int], Integers]:
    """Read a code table; the function that reads so many symbols of its code."""
    width = (alphabet_size - 1).bit_length()
    if alphabet_size == 1:
        return lambda count: np.zeros(count, np.int64)
    if queue.bits(1):
        lengths = _lengths(queue, alphabet_size)
        present = np.flatnonzero(lengths)
        tree = _HUFFMAN.DecoderHuffmanTree(0.5 ** lengths[present])
        return lambda count: present[queue.symbols(count, tree)]
    if queue.bits(1):
        symbol = queue.bits(width)
        return lambda count: np.full(count, symbol)
    return lambda count: np.array([queue.bits(width) for _ in range(count)], np.int64)


def _lengths(queue: _Queue, alphabet_size: int) -> Integers:
    some_absent, after_absent = queue.bits(1), False
    lengths: list[int] = []
    length, order, space = 0, 0, 1 << 32
    while space:
        left = alphabet_size - len(lengths)
        absent = bool(some_absent and not after_absent and queue.bits(1))
        if absent:
            longest = left - 1
        else:
            if length:
                fold = queue.unary(66) + (not after_absent)
                length += (fold + 1) // 2 if fold % 2 else -fold // 2
            else:
                length = queue.bits(5) + 1
            if not 1 <= length <= 32:
                raise ValueError(f"a code word has {length} bits")
            longest = min(left, space >> (32 - length))
        if longest < 1:
            raise ValueError("a code table is not complete")
        run = 1
        if longest > 1:
            num_bits = queue.unary((((longest - 1) >> order) + 1).bit_length() - 1)
            quotient = queue.bits(num_bits) + (1 << num_bits)
            run = ((quotient - 1) << order | queue.bits(order)) + 1
            if run > longest:
                raise ValueError("a run of code words is too long")
        lengths += [0 if absent else length] * run
        space -= 0 if absent else run << (32 - length)
        after_absent, order = absent, run.bit_length() - 1
    return np.array(lengths, np.int64)


# Context streams.


def _of_codebook(codebook: Floats) -> tuple[list[int], list[int]]:
    """Sign and rank of each symbol."""
    negative = np.signbit(codebook).tolist()
    counts, num_negative = [0, 0], sum(negative[1:])
    signs, ranks = [0], [0]
    for minus in negative[1:]:
        signs.append(1 if minus else 2)
        ranks.append(num_negative - 1 - counts[0] if minus else counts[1])
        counts[not minus] += 1
    return signs, ranks


def _of_levels(size: int) -> tuple[list[int], list[int]]:
    symbols = range(1, size)
    return [0, *(2 - s % 2 for s in symbols)], [0, *((s - 1) // 2 for s in symbols)]


def _half_log(x: int) -> int:
    bits = x.bit_length() - 1
    return 2 * bits + (x >> (bits - 1) & 1) if bits else 0


class _Group:
    """Slots and mixers of one group of decisions."""

    def __init__(self, parameters: Any) -> None:
        self.limit, self.lasting, self.initial, self.horizon, rate, confidence, weights = parameters
        self.rates = [655360 // (10 * n + rate) for n in range(1024)]
        self.confidences = [2560 * n // (10 * n + confidence) for n in range(1024)]
        self.slots: dict[Any, list[int]] = {}
        self.weights = weights
        self.mixers: dict[Any, list[int]] = {}

    def slot(self, context: Any) -> list[int]:
        return self.slots.setdefault(context, [1 << 21, 0])

    def mixer(self, choice: Any) -> list[int]:
        return self.mixers.setdefault(choice, [*self.weights, 0])


class _Coder:
    """The arithmetic decoder with all that it learns."""

    def __init__(self, stream: bytes) -> None:
        self.low, self.high = 0, 0xFFFFFFFF
        self.code = int.from_bytes(stream[:4].ljust(4, b"\0"), "big")
        self.stream, self.place = stream, 0
        self.groups = [_Group(parameters) for parameters in _GROUPS]

    def bit(
        self, group: _Group, contexts: list[Any], mixers: tuple[Any, Any], direct: int = 0
    ) -> int:
        slots = [group.slot((k, context)) for k, context in enumerate(contexts)]
        xs = [_STRETCH[v >> 10] * group.confidences[n] >> 8 for v, n in slots]
        xs.append(direct)
        chosen = [group.mixer((k, mixer)) for k, mixer in enumerate(mixers)]
        sums = [
            min(max(sum(map(int.__mul__, weights, xs)) >> 16, -2047), 2047) for weights in chosen
        ]
        p = min(max(_SQUASH[(sum(sums) >> 1) + 2048], 32), 65504)
        middle = self.low + ((self.high - self.low) * p >> 16)
        bit = int(self.code <= middle)
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        while (self.low ^ self.high) >> 24 == 0:
            following = self.place + 4
            byte = self.stream[following] if following < len(self.stream) else 0
            self.place += 1
            if self.place > len(self.stream):
                raise ValueError("a stream of decisions is cut short")
            self.code = (self.code << 8 & 0xFFFFFFFF) | byte
            self.low = self.low << 8 & 0xFFFFFFFF
            self.high = (self.high << 8 & 0xFFFFFFFF) | 255
        for total, weights in zip(sums, chosen, strict=True):
            step = group.lasting + group.initial * group.horizon // (group.horizon + weights[-1])
            step *= (bit << 16) - _SQUASH[total + 2048]
            for k, x in enumerate(xs):
                weights[k] += (x * step + (1 << 17)) >> 18
            weights[-1] += 1
        for slot in slots:
            v, n = slot
            slot[0] = v + (((bit << 22) - bit - v) * group.rates[n] >> 16)
            slot[1] = n + (n < group.limit)
        return bit


def _live(coder: _Coder, axis: int, hints: list[int], line: int) -> list[int]:
    """Places, along one axis, of what has a non-zero."""
    live: list[int] = []
    for k, hint in enumerate(hints):
        near = live[k - 1] if k else 0
        if line and k >= line:
            near += 2 * live[k - line] + 4 * live[k - line + 1]
        elif k > 1:
            near += 2 * live[k - 2]
        contexts = [(axis, hint), (axis, hint, near)]
        live.append(coder.bit(coder.groups[0], contexts, (axis, axis)))
    return [k for k, is_live in enumerate(live) if is_live]


def _contexts(  # noqa: PLR0915 one loop, its state and its contexts
    payload: _Reader,
    shape: tuple[int, ...],
    signs: list[int],
    ranks: list[int],
    rows_before: Integers | None,
) -> Integers:
    num_rows = shape[0] if len(shape) > 1 else 1
    num_columns = prod(shape) // num_rows
    choices = payload.number()
    line, hinted, transposed = choices >> 2, choices >> 1 & 1, choices & 1
    row_hints, column_hints = [0] * num_rows, [0] * num_columns
    if hinted:
        if rows_before is None or num_columns % len(rows_before):
            raise ValueError("no matrix before has rows for these columns")
        each = num_columns // len(rows_before)
        column_hints = [
            min(15, 2 + _half_log(1 + z)) for z in rows_before.tolist() for _ in range(each)
        ]
    if transposed:
        num_rows, num_columns = num_columns, num_rows
        row_hints, column_hints = column_hints, row_hints
    symbols = {(signs[s], ranks[s]): s for s in range(1, len(signs))}
    rank_bits = max(ranks).bit_length()
    coder = _Coder(payload.data)
    _, positions, of_sign, of_rank = coder.groups
    rows = _live(coder, 0, row_hints, line if transposed else 0)
    columns = _live(coder, 1, column_hints, 0 if transposed else line)
    cells = [[0] * num_columns for _ in range(num_rows)]
    counts, sign_sums = [0] * num_columns, [0] * num_columns
    lasts = [(0, 0)] * num_columns  # sign, 1 + rank
    num_cells, num_nonzeros = 0, 0
    for rows_seen, r in enumerate(rows):
        row_count, row_signs, row_last = 0, 0, (0, 0)
        age = min(3, _half_log(1 + rows_seen) >> 2)
        for columns_seen, c in enumerate(columns):

            def at(distance: int, r: int = r, c: int = c) -> int:
                if transposed:
                    return cells[r - distance][c] if r >= distance else 0
                return cells[r][c - distance] if c >= distance else 0

            further = 0
            if line:
                near = [at(1), at(2), at(line), at(line + 1), at(line - 1)]
                far = (line + 2, line - 2, *range(2 * line - 2, 2 * line + 3))
                further = sum(at(distance) > 0 for distance in far)
            else:
                near = [
                    cells[r][columns[columns_seen - 1]] if columns_seen > 0 else 0,
                    cells[r][columns[columns_seen - 2]] if columns_seen > 1 else 0,
                    cells[rows[rows_seen - 1]][c] if rows_seen > 0 else 0,
                    cells[rows[rows_seen - 2]][c] if rows_seen > 1 else 0,
                    0,
                ]
            around = sum(symbol > 0 for symbol in near)
            density = _half_log(1 + 16 * counts[c] // (rows_seen + 1))
            row = min(15, _half_log(1 + 64 * row_count // (columns_seen + 8)))
            column = 4 * min(7, density) + age
            nearby, of = 2 * counts[c], 2
            if line and not transposed:
                beside = (c - 1, c + 1, c - line, c + line)
                nearby += sum(counts[k] for k in beside if 0 <= k < num_columns)
                of = 6
            near_density = min(31, _half_log(1 + 128 * nearby // (of * (rows_seen + 1))))
            hint = max(row_hints[r], column_hints[c])
            contexts: list[Any] = [
                0,
                column,
                (row, min(3, _half_log(1 + columns_seen) >> 2)),
                (column, row),
                c,
                r,
                tuple(symbol > 0 for symbol in near),
                (column, around),
                (near_density, age),
                (hint, age),
                (hint, column),
                (min(7, around + further), near_density),
            ]
            overall = (num_nonzeros * 65536 + 655) // (num_cells + 20)
            v, n = positions.slot((9, contexts[9]) if hint else (8, contexts[8]))
            expected = v >> 6 if n >= 3 else overall
            of_row, of_column = (expected, overall) if row_hints[r] else (overall, expected)
            of_column = (counts[c] * 65536 + of_column) // (rows_seen + 1)
            of_row = (row_count * 65536 + 3 * of_row) // (columns_seen + 3)
            odds = [_STRETCH[min(max(p, 16), 65520) >> 4] for p in (of_column, of_row, overall)]
            direct = min(max(odds[0] + odds[1] - odds[2], -2047), 2047)
            num_cells += 1
            if not coder.bit(positions, contexts, (0, around), direct):
                continue
            left, left_2, up, up_left, up_right = (signs[symbol] for symbol in near)
            agreed = sum((s == 2) - (s == 1) for s in (left, left_2, up, up_left, up_right))
            column_sign = min(4, max(-4, sign_sums[c]))
            row_sign = min(4, max(-4, row_signs))
            last = lasts[c]
            contexts = [
                0,
                (left, up),
                (up_left, up_right, left_2),
                (column_sign, row_sign),
                row_sign,
                column_sign,
                (last[0], row_last[0]),
            ]
            sign = 1 + coder.bit(of_sign, contexts, (0, abs(agreed)))
            beside_it = near[0] or near[2]
            likeness = (min(3, ranks[beside_it]), signs[beside_it] == sign) if beside_it else None
            path = 1
            for level in range(rank_bits - 1, -1, -1):
                node = (sign, path)
                contexts = [
                    node,
                    (node, likeness),
                    (node, min(3, row_last[1])),
                    (node, min(3, last[1])),
                    (node, min(15, density)),
                    (node, row),
                    (level, path & 31),
                ]
                path = 2 * path + coder.bit(of_rank, contexts, (0, min(31, path)))
            rank = path - (1 << rank_bits)
            if (sign, rank) not in symbols:
                raise ValueError("a decision leads to a symbol that is not there")
            cells[r][c] = symbols[sign, rank]
            row_last = lasts[c] = (sign, rank + 1)
            row_count += 1
            counts[c] += 1
            num_nonzeros += 1
            row_signs += 2 * sign - 3
            sign_sums[c] += 2 * sign - 3
    matrix = np.array(cells, np.int64)
    return (matrix.T if transposed else matrix).reshape(shape)
