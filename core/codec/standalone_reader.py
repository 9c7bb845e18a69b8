"""Reads ``.sws`` files of format versions 3 to 5 with NumPy and ``constriction`` alone.

A second decoder, written from ``docs/format.md`` and independent of the rest of this package: for
machines without torch and numba. Copy this file and ``initial_state_*.bin``, and ``read``. It is
plain Python, so that a decision of the shared stream takes some ten microseconds; a LeNet-300-100
takes a second. It is longer than a module of ours should be, since it must stand alone.
"""

import zlib
from collections.abc import Callable
from math import isqrt, log, log2, prod
from pathlib import Path
from typing import Any

import constriction
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Shape = tuple[int, ...]

_HUFFMAN = constriction.symbol.huffman
_BIT = _HUFFMAN.DecoderHuffmanTree(np.array([0.5, 0.5]))
_CHARACTERS = b"abcdefghijklmnopqrstuvwxyz_.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KINDS = (6, 7, 3, 1, 2)

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
_LOG = [round(256 * log(max(x, 1))) for x in range(4096)]
_RATES = [655360 // (10 * n + 16) for n in range(1024)]
_CONFIDENCES = [256 * n // (n + 1) for n in range(1024)]

# First slots and mixers of the groups of decisions.
_LIVE, _POSITION, _SIGN, _RANK, _VECTOR, _NUM_SLOTS = 0, 1152, 2496, 3136, 5440, 6710
_MIXERS = {_POSITION: 0, _SIGN: 21, _RANK: 42, _LIVE: 52, _VECTOR: 67}


def read(data: bytes, max_elements: int = 2**28) -> dict[str, Floats]:
    """The tensors in the bytes of a file, by name, in file order.

    Raises:
        ValueError: the bytes are no such file, are damaged, or declare more than ``max_elements``.
    """
    if data[:3] != b"SWS" or len(data) < 8 or not 3 <= data[3] <= 5:
        raise ValueError("not an .sws file of format version 3, 4 or 5")
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise ValueError("the file is damaged or cut short")
    try:
        body = _Reader(data[4:-4])
        payloads = _Reader(body.take(body.number()))
        return _read_tensors(_Coder(body.data, data[3]), payloads, max_elements)
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


class _Coder:
    """The arithmetic decoder with all that it learns."""

    def __init__(self, stream: bytes, version: int) -> None:
        self.low, self.high, self.place, self.stream = 0, 0xFFFFFFFF, 0, stream
        self.version = version
        self.code = int.from_bytes(stream[:4].ljust(4, b"\0"), "big")
        self.head_slots: dict[Any, list[int]] = {}
        self.value_slots: dict[Any, list[int]] = {}
        path = Path(__file__).with_name(f"initial_state_{min(version, 4)}.bin")
        raw = np.frombuffer(zlib.decompress(path.read_bytes()), "<u2").astype(np.int64)
        self.slots = [
            [(s >> 4 << 10) + 512, s & 15] if s else [1 << 21, 0] for s in raw[:_NUM_SLOTS].tolist()
        ]
        self.mixers = [
            [((w ^ 32768) - 32768) << 8 for w in row] + [0]
            for row in raw[_NUM_SLOTS:].reshape(-1, 8).tolist()
        ]

    def split(self, probability: int) -> int:
        """A bit that is 1 with a probability, of 65536."""
        probability = min(max(probability, 32), 65504)
        middle = self.low + ((self.high - self.low) * probability >> 16)
        bit = int(self.code <= middle)
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        self.shift()
        return bit

    def shift(self) -> None:
        """Read a byte for each in which both ends of the interval agree."""
        while (self.low ^ self.high) >> 24 == 0:
            byte = self.stream[self.place + 4] if self.place + 4 < len(self.stream) else 0
            self.place += 1
            if self.place > len(self.stream):
                raise ValueError("the arithmetic code is cut short")
            self.code = (self.code << 8 & 0xFFFFFFFF) | byte
            self.low = self.low << 8 & 0xFFFFFFFF
            self.high = (self.high << 8 & 0xFFFFFFFF) | 255

    def gap(self, taken: Callable[[int], int], span: int) -> int:
        """How many zeros stand before the next non-zero, ``span`` if there is none."""
        if self.high - self.low < 1 << 20:
            self.high = self.low | ((1 << 20) - 1)
            self.shift()
        width = self.high - self.low
        if self.code > self.high:
            raise ValueError("the arithmetic code is damaged")
        found = (((self.code - self.low + 1) << 20) - 1) // width
        gap = next((k for k in range(span) if found < taken(k + 1)), span)
        if gap < span:
            self.high = self.low + (width * taken(gap + 1) >> 20) - 1
        self.low += width * taken(gap) >> 20
        self.shift()
        return gap

    def plain(self, width: int) -> int:
        return sum(self.split(32768) << level for level in range(width - 1, -1, -1))

    def bit(self, context: Any, initial: int = 1 << 21) -> int:
        """A bit of the head."""
        return self.adapt(self.head_slots, context, initial, 63)

    def adapt(
        self, slots: dict[Any, list[int]], context: Any, initial: int = 1 << 21, limit: int = 1023
    ) -> int:
        """A bit by one slot."""
        slot = slots.setdefault(context, [initial, 0])
        bit = self.split(slot[0] >> 6)
        slot[0] += ((bit << 22) - bit - slot[0]) * _RATES[slot[1]] >> 16
        slot[1] = min(slot[1] + 1, limit)
        return bit

    def tree(self, width: int, context: Any) -> int:
        path = 1
        for _ in range(width):
            path = 2 * path + self.bit((context, path))
        return path - (1 << width)

    def number(self, context: str) -> int:
        path = 1
        for level in range(6):
            rare = path == 1 << level and level < 2
            path = 2 * path + self.bit((context, path), 1 << 18 if rare else 1 << 21)
        length = path - 64
        if length > 62:
            raise ValueError("a number is not below 2**63")
        return (1 << length | self.plain(length)) - 1

    def text(self) -> bytes:
        size = self.number("text")
        if size > 1024:
            raise ValueError("a text is longer than 1024 bytes")
        if size and self.bit("plain"):
            return bytes(_CHARACTERS[self.tree(6, "character")] for _ in range(size))
        return bytes(self.plain(8) for _ in range(size))

    def floats(self, count: int, context: str) -> Floats:
        width, sign, exponent = self.tree(5, context + " width"), 0, 124
        found = np.zeros(count, np.uint32)
        for k in range(count):
            sign = self.bit((context + " sign", sign, min(k, 1)))
            folded = self.number(context + (" exponent" if k else " first exponent"))
            exponent += (folded + 1) // 2 if folded & 1 else -(folded // 2)
            if width > 23 or not 0 <= exponent < 255:
                raise ValueError("a value is not finite")
            found[k] = sign << 31 | exponent << 23 | self.plain(width) << (23 - width)
        return found.view(np.float32)

    def decide(self, direct: list[int], contexts: list[int], mixer: int, chosen: int) -> int:
        """A bit of the shared stream."""
        slots = [self.slots[context] for context in contexts]
        xs = direct + [_STRETCH[v >> 10] * _CONFIDENCES[n] >> 8 for v, n in slots]
        mixers = self.mixers[mixer], self.mixers[chosen]
        sums = [
            min(max(sum(w * x for w, x in zip(weights, xs, strict=False)) >> 20, -2047), 2047)
            for weights in mixers
        ]
        bit = self.split(_SQUASH[(sum(sums) >> 1) + 2048])
        rates = [150 + 10000 // (50 + min(weights[8], 19999)) for weights in mixers]
        for total, rate, weights in zip(sums, rates, mixers, strict=True):
            step = ((bit << 16) - _SQUASH[total + 2048]) * rate >> 10
            for k, x in enumerate(xs):
                weights[k] += x * step + 512 >> 10
            weights[8] += 1
        for place, (v, n) in zip(contexts, slots, strict=True):
            change = ((bit << 22) - bit - v) * _RATES[n] >> 16
            self.slots[place] = [v + change, min(n + 1, 1023)]
        return bit


# The head.


class _Tensor:
    """What the head says of a tensor, and its symbols."""

    def __init__(self, coder: _Coder, before: "_Tensor | None", rows: int) -> None:
        stem: bytes = before.stem if before else b""
        ending: int = before.ending if before else 0
        order_before: int = before.order if before else 0
        like: Shape = before.shape[:1] if before else ()
        self.ending: int = coder.tree(2, ("ending", ending))
        self.stem: bytes = stem
        if not coder.bit(("same stem", ending)):
            self.stem = stem[: coder.number("shared")] + coder.text()
        self.name = (self.stem + (b"", b".weight", b".bias")[self.ending]).decode()
        self.order: int = coder.tree(3, ("kind", order_before))
        self.kind = _KINDS[self.order]
        self.shape: Shape = self._shape(coder, like, rows)
        self.cells: list[list[int]] = []
        self.payload_bytes = 0

    def _shape(self, coder: _Coder, like: Shape, rows: int) -> Shape:
        if like and coder.bit(("like before", self.order)):
            return like
        lengths: list[int] = []
        for axis in range(coder.tree(4, ("axes", self.order))):
            if axis == 1 and rows and coder.bit("multiple"):
                lengths.append((1 + coder.number("multiple")) * rows)
            else:
                lengths.append(coder.number(f"axis {min(axis, 2)}"))
        return tuple(lengths)

    def read_rest(self, coder: _Coder) -> None:
        is_matrix = self.kind > 3 and len(self.shape) > 1
        self.ordered = is_matrix and bool(coder.bit("ordered"))
        self.flat = is_matrix and bool(coder.bit("flat"))
        self.by_gaps = is_matrix and coder.version > 4 and bool(coder.bit("gaps"))
        if self.by_gaps and prod(self.shape) > 1 << 31:
            raise ValueError("a matrix by gaps has more than 2**31 elements")
        if self.kind == 6:
            entries = coder.floats(min(coder.number("entries"), 513), "entry")
            self.codebook = np.concatenate((np.zeros(1, np.float32), entries))
            self.symbols = _of_codebook(self.codebook)
        elif self.kind == 7:
            num_bits = 1 + coder.tree(3, "level bits")
            self.step = coder.floats(1, "step")[0]
            self.symbols = {(2 - s % 2, (s - 1) // 2): s for s in range(1, 1 << num_bits)}
        else:
            self.payload_bytes = coder.number("payload")
        if self.kind > 3:
            self.signs, self.ranks = [0] * (len(self.symbols) + 1), [0] * (len(self.symbols) + 1)
            for (sign, rank), symbol in self.symbols.items():
                self.signs[symbol], self.ranks[symbol] = sign, rank
            self.num_ranks = [0, self.signs.count(1), self.signs.count(2)]

    def values(self, payloads: _Reader) -> Any:
        if self.kind == 3:
            payload = _Reader(payloads.take(self.payload_bytes))
            return payload.floats(prod(self.shape), 0).reshape(self.shape)
        if self.kind in {6, 7}:
            indices = np.array(self.cells, np.int64).reshape(self.shape)
            return self.codebook[indices] if self.kind == 6 else _unfolded(indices, self.step)
        payload = _Reader(payloads.take(self.payload_bytes))
        size, half = divmod(payload.number(), 2)
        if self.kind == 1:
            codebook = np.concatenate((np.zeros(1, np.float32), payload.floats(size, half)))
            return codebook[_sparse(payload, self.shape, size + 1)]
        step = payload.floats(1, half)[0]
        return _unfolded(_sparse(payload, self.shape, 2 << size), step)


def _of_codebook(codebook: Floats) -> dict[tuple[int, int], int]:
    """The symbol of each sign and rank."""
    negative = np.signbit(codebook)[1:].tolist()
    minus = [k for k, is_negative in enumerate(negative, 1) if is_negative]
    plus = [k for k, is_negative in enumerate(negative, 1) if not is_negative]
    symbols = {(1, rank): k for rank, k in enumerate(reversed(minus))}
    return symbols | {(2, rank): k for rank, k in enumerate(plus)}


def _unfolded(folded: Integers, step: Any) -> Any:
    return ((folded >> 1) ^ -(folded & 1)).astype(np.float32) * np.float32(step)


def _read_tensors(coder: _Coder, payloads: _Reader, max_elements: int) -> dict[str, Floats]:
    coder.text()  # the network's name
    tensors: list[_Tensor] = []
    rows = 0
    for _ in range(coder.number("tensors")):
        tensors.append(_Tensor(coder, tensors[-1] if tensors else None, rows))
        max_elements -= prod(max(length, 1) for length in tensors[-1].shape)
        if max_elements < 0:
            raise ValueError("the file declares more elements than max_elements")
        tensors[-1].read_rest(coder)
        if len(tensors[-1].shape) > 1:
            rows = tensors[-1].shape[0]
    matrices = [t for t in tensors if t.kind > 3 and len(t.shape) > 1]
    following: _Tensor | None = None
    for before, matrix in reversed(list(zip([None, *matrices], matrices, strict=False))):
        _read_matrix(coder, matrix, before.shape[0] if before else 0, following)
        following = matrix
    for owner, tensor in zip([None, *tensors], tensors, strict=False):
        if tensor.kind > 3 and len(tensor.shape) < 2:
            _read_vector(coder, tensor, owner)
    return {t.name: np.asarray(t.values(payloads), np.float32) for t in tensors}


# The shared stream.


def _half_log(x: int) -> int:
    bits = x.bit_length() - 1
    return 2 * bits + (x >> (bits - 1) & 1) if bits else 0


def _logarithm(x: int) -> int:
    extra = 0
    while x >= 4096:
        x, extra = x >> 4, extra + 710
    return _LOG[x] + extra


def _geometry(shape: Shape, rows_before: int, flat: bool) -> tuple[int, int, int]:
    """Channels, height and width of the columns of a matrix."""
    if len(shape) > 2:
        return shape[1], prod(shape[2:-1]), shape[-1]
    channels = columns = shape[1]
    if rows_before and columns % rows_before == 0:
        channels = rows_before
    elif not flat:
        for colours in (3, 1):
            side = isqrt(columns // colours)
            if side > 4 and colours * side * side == columns:
                channels = colours
    area = columns // channels
    side = isqrt(area)
    return (channels, side, side) if side * side == area else (channels, 1, area)


def _read_live(
    coder: _Coder, known: list[int], kind: int, height: int, width: int, axis: int
) -> list[int]:
    live: list[int] = []
    for k, knowledge in enumerate(known):
        y, x = k % (height * width) // width, k % width
        ring = min(7, y, height - 1 - y, x, width - 1 - x)
        if axis == 0 or kind == 0:
            near = [k > 0 and live[k - 1], k > 1 and live[k - 2]]
        else:
            near = [x > 0 and live[k - 1], x > 1 and live[k - 2], y > 0 and live[k - width]]
            near += [y > 0 and x > 0 and live[k - width - 1]]
            near += [y > 0 and x + 1 < width and live[k - width + 1]]
        pattern = sum(bool(bit) << place for place, bit in enumerate(near))
        group = 9 + kind if axis else 3 * knowledge
        base, first = _LIVE + group * 32, int(k % (height * width) == 0)
        contexts = [
            base + pattern,
            base + 384 + ring * 4 + (pattern & 1) + (pattern >> 1 & 2),
            base + 768 + min(8, sum(live[-8:])) * 2 + first,
        ]
        mixer = _MIXERS[_LIVE]
        live.append(coder.decide([0] * 5, contexts, mixer + group, mixer + 12 + kind))
    return live


def _read_rank(
    coder: _Coder, num_ranks: int, base: int, span: int, keys: list[int], mixer: int
) -> int:
    found = 0
    while found < min(num_ranks - 1, 14):
        step = min(found, 8)
        contexts = [base + (k * 9 + step) * span + key for k, key in enumerate(keys)]
        if not coder.decide([], contexts, mixer, mixer + 1 + step):
            return found
        found += 1
    if num_ranks > 15:
        most = num_ranks - 15
        return 14 + min(coder.plain(most.bit_length()), most)
    return found


def _read_matrix(  # noqa: PLR0912, PLR0915 one loop, its state and its contexts
    coder: _Coder, tensor: _Tensor, rows_before: int, following: _Tensor | None
) -> None:
    num_rows, num_columns = tensor.shape[0], prod(tensor.shape[1:])
    channels, height, width = _geometry(tensor.shape, rows_before, tensor.flat)
    area = height * width
    kind = 0 if area == 1 else 1 if channels <= 3 else 2
    cells = tensor.cells = [[0] * num_columns for _ in range(num_rows)]
    if not tensor.symbols:
        return
    fed = [-1] * num_rows
    if following and len(following.cells[0]) % num_rows == 0:
        by_column = np.count_nonzero(following.cells, axis=0).reshape(num_rows, -1)
        fed = by_column.sum(axis=1).tolist()
    known = [0 if f < 0 else 1 if f == 0 else 2 for f in fed]
    if tensor.by_gaps:
        _read_gaps(coder, tensor, known)
        return
    links: _Links | None = None
    most = max(1 << 14, num_rows * num_columns // 8) if coder.version > 3 and kind == 0 else -1
    if following and fed[0] >= 0 and following.shape[0] * num_columns <= most:
        links = _Links(following, num_rows, num_columns)
    for place in range(_SIGN, _VECTOR):
        coder.slots[place][1] = min(coder.slots[place][1], 12)
    rows = _read_live(coder, known, kind, 1, 1, 0)
    columns = _read_live(coder, [0] * num_columns, kind, height, width, 1)
    live = [c for c in range(num_columns) if columns[c]]
    channel_sizes = [sum(columns[k : k + area]) for k in range(0, num_columns, area)]
    counts, sign_sums, rank_sums = ([0] * num_columns for _ in range(3))
    seen, num_cells, num_nonzeros, before, bound = 0, 0, 0, -1, -1
    for r in range(num_rows):
        if not rows[r]:
            continue
        row = cells[r]
        overall = (65536 * num_nonzeros + 13107) // (num_cells + 4)
        expected: list[int] = []
        for j, c in enumerate(live):
            if kind == 0:
                window = live[max(j - 4, 0) : j + 5]
                near = sum(counts[k] for k in window) - counts[c]
                base, own, drawn, size = overall, 8, 4, len(window) - 1
            else:
                y, x = c % area // width, c % width
                beside = [x > 0, x + 1 < width, y > 0, y + 1 < height]
                steps = (-1, 1, -width, width)
                there = [d for is_there, d in zip(beside, steps, strict=True) if is_there]
                near = sum(counts[c + d] for d in there)
                base, own, drawn, size = overall, 3, 8, sum(beside)
                if kind == 2:
                    k = c // area
                    total = sum(counts[k * area : (k + 1) * area])
                    base = (65536 * total + 20 * overall) // (seen * channel_sizes[k] + 20)
            near = (near * 65536 + drawn * base) * ((1 << 32) // (seen * size + drawn)) >> 32
            density = (counts[c] * 65536 + own * near) * ((1 << 32) // (seen + own)) >> 32
            expected.append(min(max(density, 64), 62259))
        logits = [_logarithm(p) - _logarithm(65536 - p) for p in expected]
        left = sum(expected)
        bounded = fed[r] >= 0 and bound >= 0 and tensor.ordered
        most = bound - fed[r] if bounded else num_columns
        likely, spare = most, 32
        if not bounded:
            likely, spare = before if before >= 0 else overall * len(live) >> 16, 128
        row_count, row_signs, row_ranks, last_sign, last_rank = 0, 0, 0, 0, 0
        for j, c in enumerate(live):
            if row_count >= most:
                break
            y, x = c % area // width, c % width
            ring = min(10, y, height - 1 - y, x, width - 1 - x)
            beside_5, far, outer = _neighbours(row, c, x, y, width, kind)
            found = [symbol for symbol in beside_5 if symbol]
            pattern = sum((symbol > 0) << k for k, symbol in enumerate(beside_5))
            strong = sum(
                2 * (tensor.ranks[s] + 1) > tensor.num_ranks[tensor.signs[s]] for s in found
            )
            excess = _logarithm(64 * max(likely - row_count, 0) + spare)
            excess -= _logarithm((max(left, 0) >> 10) + spare)
            direct = [
                logits[j],
                min(max(excess, -2047), 2047),
                128 * min(outer, 15),
                51 * (ring - 5) if kind == 1 else 90,
                256 * strong // len(found) - 128 if found else 0,
            ]
            share = row_count * ((1 << 22) // (j + 8)) >> 16
            dense, age = min(15, _half_log(1 + share)), min(3, _half_log(1 + j) >> 2)
            grid = min(max((excess >> 7) + 8, 0), 15) * 16 + min(max(-logits[j] >> 7, 0), 15)
            contexts = [
                _POSITION + kind * 64 + dense * 4 + age,
                _POSITION + 192 + kind * 128 + min(3, far) * 32 + pattern,
                _POSITION + 576 + kind * 256 + grid,
            ]
            left -= expected[j]
            if not coder.decide(direct, contexts, kind, 3 + kind * 6 + len(found)):
                continue

            ways = [(0, -1, 1)[tensor.signs[symbol]] for symbol in beside_5]
            s_1, s_5, s_2, s_3, s_4 = ways
            sign_sum, sign_count = 2 * sign_sums[c], 2 * counts[c]
            if kind == 1:
                for k in (c - width, c - 1, c + 1, c + width):
                    if 0 <= k < num_columns:
                        sign_sum, sign_count = sign_sum + sign_sums[k], sign_count + counts[k]
            direct = [
                256 * (s_1 + s_2) + 154 * (s_3 + s_4) + 102 * s_5,
                512 * sign_sum // (sign_count + 4),
                512 * row_signs // (row_count + 2),
                128 * last_sign,
            ]
            n_1, n_2 = (min(number, 15) for number in tensor.num_ranks[1:])
            alphabet, chosen = 16 * n_1 + n_2, len(found)
            if links:
                direct[3], alphabet, chosen = links.affinity(r, c)
            row_sign = min(max(row_signs, -7), 7) + 7
            contexts = [
                _SIGN + kind * 81 + 27 * s_1 + 9 * s_2 + 3 * s_3 + s_4 + 40,
                _SIGN + 243 + alphabet,
                _SIGN + 499 + kind * 9 + min(max(sign_sums[c], -4), 4) + 4,
                _SIGN + 526 + 4 * row_sign + min(3, _half_log(1 + row_count) >> 2),
            ]
            sign = 2 if n_2 else 1
            if n_1 and n_2:
                sign = 1 + coder.decide(direct, contexts, 21 + kind, 24 + kind * 6 + chosen)
            way, num_ranks = 2 * sign - 3, tensor.num_ranks[sign]
            if links:
                links.tell(r, c, way)
            scaled = list(zip((4, 2, 4, 3, 3), beside_5, strict=True))
            weight = sum(scale for scale, symbol in scaled if symbol)
            near = sum(scale * tensor.ranks[symbol] for scale, symbol in scaled)
            keys = [
                min(num_ranks, 15),
                1 + min(5, 2 * near // weight) if weight else 0,
                min(6, 1 + 2 * rank_sums[c] // counts[c]) if counts[c] else 0,
                min(6, 1 + 2 * row_ranks // row_count) if row_count else 0,
                min(15, _half_log(1 + 16 * counts[c] // (seen + 1))),
                min(7, last_rank),
                min(7, _half_log(1 + row_count) >> 1),
                (way in (s_1, s_2)) + 2 * (-way in (s_1, s_2)),
            ]
            keys = [key + 16 * (sign - 1) for key in keys]
            rank = _read_rank(coder, num_ranks, _RANK, 32, keys, _MIXERS[_RANK])
            row[c] = tensor.symbols.get((sign, rank), 0)
            row_count, row_signs, row_ranks = row_count + 1, row_signs + way, row_ranks + rank
            last_sign, last_rank = way, rank + 1
            counts[c], sign_sums[c] = counts[c] + 1, sign_sums[c] + way
            rank_sums[c] += rank
            num_nonzeros += 1
        num_cells += len(live)
        seen += 1
        before = row_count
        bound = row_count + fed[r] if fed[r] >= 0 else -1


_LOG_2 = [round(2**28 * log2(1 + k / 1024)) for k in range(1025)]
_POWER = [round(2**24 * 2 ** (-k / 1024)) for k in range(1025)]


def _taken(part: int, shape: int, cells: int, span: int) -> int:
    """Probability that one of the first cells is not zero."""
    log = _LOG_2[part >> 14]
    log += (_LOG_2[(part >> 14) + 1] - log) * (part & 16383) >> 14
    x = min(shape, 1 << 32) * log >> 12
    power = _POWER[x >> 14 & 1023]
    power -= (power - _POWER[(x >> 14 & 1023) + 1]) * (x & 16383) >> 14
    return cells + (((1 << 20) - 1 - span) * ((1 << 24) - (power >> (x >> 24))) >> 24)


def _shape(total: int, squares: int, number: int) -> int:
    spread = max(squares * number - total * total - total * number, 0)
    return min(max((total * total + 4096) // ((spread >> 8) + 16), 64), 16384)


def _read_gaps(coder: _Coder, tensor: _Tensor, known: list[int]) -> None:
    num_columns = len(tensor.cells[0])
    rows = _read_live(coder, known, 0, 1, 1, 0)
    columns = _read_live(coder, [0] * num_columns, 0, 1, 1, 1)
    live = [c for c in range(num_columns) if columns[c]]
    size = len(live)
    width = (max(tensor.num_ranks) - 1).bit_length()
    for slot in coder.value_slots.values():
        slot[1] = min(slot[1], 12)
    counts, sign_sums, row_counts = [0] * num_columns, [0] * num_columns, list[int]()
    for r in range(len(tensor.cells)):
        if not rows[r]:
            continue
        total = sum(row_counts)
        column_shape = _shape(total, sum(n * n for n in counts), size)
        start = _shape(total, sum(n * n for n in row_counts), len(row_counts))
        num_rows = 256 * len(row_counts)
        num_rows += 5 * column_shape * (len(row_counts) * size + 4) // (5 * total + 1)
        sums = [0]
        for c in live:
            rate = (256 * counts[c] + column_shape) * ((1 << 40) // num_rows) >> 20
            sums.append(sums[-1] + min(max(rate, 1), 983040))
        number, j = 0, 0
        while j < size:
            span, base = 64, 4096 * start + sums[j]
            while span > size - j or (span > 1 and sums[j + span] - sums[j] > base):
                span //= 2

            def taken(cells: int) -> int:
                if cells == 0:
                    return 0
                delta = sums[j + cells] - sums[j]  # noqa: B023 called in this step alone
                part = min(delta * ((1 << 56) // base) >> 32, (1 << 24) - 1)  # noqa: B023
                return _taken(part, start + 256 * number, cells, span)  # noqa: B023

            gap = coder.gap(taken, span)
            j += gap
            if gap == span:
                continue
            c, sign = live[j], 2 if tensor.num_ranks[2] else 1
            if tensor.num_ranks[1] and tensor.num_ranks[2]:
                sign = 1 + coder.adapt(coder.value_slots, min(max(sign_sums[c], -2), 2))
            path = 1
            for _ in range(width):
                path = 2 * path + coder.adapt(coder.value_slots, (sign, path))
            rank = min(path - (1 << width), tensor.num_ranks[sign] - 1)
            tensor.cells[r][c] = tensor.symbols[sign, rank]
            counts[c], sign_sums[c] = counts[c] + 1, sign_sums[c] + 2 * sign - 3
            number, j = number + 1, j + 1
        row_counts.append(number)


class _Links:
    """What the rows' units have in common by the units that they feed."""

    def __init__(self, following: _Tensor, num_rows: int, num_columns: int) -> None:
        directions = np.array([(0, -1, 1)[sign] for sign in following.signs])
        cells = np.array(following.cells).reshape(following.shape[0], num_rows, -1)
        self.outgoing = directions[cells].sum(axis=2).clip(-255, 255)
        self.signs, self.sizes = np.zeros((2, num_columns, following.shape[0]), np.int64)

    def affinity(self, r: int, c: int) -> tuple[int, int, int]:
        """Input, slot and mixer of a sign."""
        agreed = int(self.signs[c] @ self.outgoing[:, r])
        seen = int(self.sizes[c] @ abs(self.outgoing[:, r]))
        size, shift = seen, 0
        while size >= 4096:
            size, shift = size >> 2, shift + 1
        affinity = min(max(4096 * agreed // (8 + (isqrt(256 * size) << shift)), -2047), 2047)
        return affinity, min(max((affinity >> 7) + 8, 0), 15), min(5, _half_log(1 + seen) >> 1)

    def tell(self, r: int, c: int, way: int) -> None:
        self.signs[c] += way * self.outgoing[:, r]
        self.sizes[c] += abs(self.outgoing[:, r])


def _neighbours(
    row: list[int], c: int, x: int, y: int, width: int, kind: int
) -> tuple[list[int], int, int]:
    """Symbols to the left (1, 2), above, above left and right; non-zeros near and far."""
    if kind == 0:
        return [0] * 5, 0, 0
    beside = [
        row[c - 1] if x else 0,
        row[c - 2] if x > 1 else 0,
        row[c - width] if y else 0,
        row[c - width - 1] if y and x else 0,
        row[c - width + 1] if y and x + 1 < width else 0,
    ]
    near_far = [0, 0]
    for down in range(min(3, y) + 1):
        for right in range(-3, 4 if down else 0):
            if 0 <= x + right < width and (down > 1 or abs(right) > (1 if down else 2)):
                outer = down * down + right * right > 8
                near_far[outer] += row[c - down * width + right] > 0
    return beside, near_far[0], near_far[1]


def _read_vector(coder: _Coder, tensor: _Tensor, owner: _Tensor | None) -> None:
    size, mixer = prod(tensor.shape), _MIXERS[_VECTOR]
    hints = [0] * size
    if owner and owner.kind > 3 and len(owner.shape) > 1 and owner.shape[0] == size:
        rows = np.count_nonzero(owner.cells, axis=1).tolist()
        hints = [min(15, 1 + _half_log(1 + count)) for count in rows]
    cells = [0] * size
    tensor.cells = [cells]
    if not tensor.symbols:
        return
    sign_1, sign_2, rank_1, rank_2 = 0, 0, 0, 0
    for k, hint in enumerate(hints):
        pattern = (sign_1 > 0) + 2 * (sign_2 > 0)
        base = _VECTOR
        contexts = [
            base + hint,
            base + 16 + hint * 4 + pattern,
            base + 80 + min(hint, 2) * 4 + pattern,
        ]
        direct = [90, 0, 0, 0, 0]
        sign, rank = 0, 0
        if coder.decide(direct, contexts, mixer, mixer + 1):
            contexts = [base + 92, base + 93 + sign_1 * 3 + sign_2, base + 102 + hint]
            sign = 2 if tensor.num_ranks[2] else 1
            if tensor.num_ranks[1] and tensor.num_ranks[2]:
                sign = 1 + coder.decide(direct, contexts, mixer + 2, mixer + 3)
            mixed = min(3, rank_1 >> 2) * 4 + min(3, rank_2 >> 2)
            keys = [0, hint, min(15, rank_1), mixed, sign, sign * 4 + sign_1, 0, 0]
            rank = _read_rank(coder, tensor.num_ranks[sign], base + 118, 16, keys, mixer + 4)
            cells[k] = tensor.symbols.get((sign, rank), 0)
            rank += 1
        sign_1, sign_2, rank_1, rank_2 = sign, sign_1, rank, rank_1


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
