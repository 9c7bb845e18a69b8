"""Tensor names in few bytes: what a name shares with the one before is not written again.

A name is a stem and an ending, ``.weight``, ``.bias`` or none. Written are
``3 * shared + ending`` as a number, where ``shared`` counts the bytes at the start of the stem
that are those of the stem before, then the number of the stem's other bytes, and these bytes.
"""

from core.codec.byte_reader import ByteReader
from core.codec.tensors import MAX_NAME_BYTES

ENDINGS = (b"", b".weight", b".bias")


def read_text(data: ByteReader, what: str) -> str:
    """Number of bytes, at most 1,024, and bytes of a text in UTF-8."""
    start = data.position
    encoded = data.take(_length(data, what), what)
    return _decode(data, encoded, start, what)


def split_name(name: bytes) -> tuple[bytes, int]:
    """The stem of a name, and the number of its ending."""
    ending = next((e for e in (1, 2) if name.endswith(ENDINGS[e])), 0)
    return name[: len(name) - len(ENDINGS[ending])], ending


def num_shared(stem: bytes, stem_before: bytes) -> int:
    """How many bytes at their start two stems share."""
    shared = 0
    while shared < min(len(stem), len(stem_before)) and stem[shared] == stem_before[shared]:
        shared += 1
    return shared


class NameReader:
    """Reads the names of one file, in order."""

    def __init__(self) -> None:
        self._stem = b""

    def read(self, data: ByteReader) -> str:
        """The next name."""
        start = data.position
        shared, ending = divmod(data.number("a tensor's name"), len(ENDINGS))
        if shared > len(self._stem):
            raise data.error(f"a name shares {shared} bytes with one of {len(self._stem)}")
        self._stem = self._stem[:shared] + data.take(
            _length(data, "a tensor's name"), "a tensor's name"
        )
        return _decode(data, self._stem + ENDINGS[ending], start, "a tensor's name")


def _length(data: ByteReader, what: str) -> int:
    length = data.number(what)
    if length > MAX_NAME_BYTES:
        raise data.error(f"{what} of {length} bytes is longer than {MAX_NAME_BYTES}")
    return length


def _decode(data: ByteReader, encoded: bytes, start: int, what: str) -> str:
    try:
        if len(encoded) <= MAX_NAME_BYTES:
            return encoded.decode()
        problem = f"longer than {MAX_NAME_BYTES} bytes"
    except UnicodeDecodeError as error:
        problem = f"no UTF-8 text: {error.reason}"
    data.position = start
    raise data.error(f"{what} is {problem}")
