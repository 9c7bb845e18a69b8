"""Tensor names in few bytes: what a name shares with the one before is not written again.

A name is a stem and an ending, ``.weight``, ``.bias`` or none. Written are
``3 * shared + ending`` as a number, where ``shared`` counts the bytes at the start of the stem
that are those of the stem before, then the number of the stem's other bytes, and these bytes.
"""

from core.codec.byte_reader import ByteReader, write_number
from core.codec.tensors import MAX_NAME_BYTES

_ENDINGS = (b"", b".weight", b".bias")


def write_text(text: str) -> bytes:
    """Number of bytes and bytes of a text in UTF-8."""
    encoded = text.encode()
    return write_number(len(encoded)) + encoded


def read_text(data: ByteReader, what: str) -> str:
    """The text that ``write_text`` wrote, at most 1,024 bytes long."""
    start = data.position
    encoded = data.take(_length(data, what), what)
    return _decode(data, encoded, start, what)


class NameWriter:
    """Writes the names of one file, in order."""

    def __init__(self) -> None:
        self._stem = b""

    def write(self, name: str) -> bytes:
        """The bytes of the next name."""
        encoded = name.encode()
        ending = next((e for e in (1, 2) if encoded.endswith(_ENDINGS[e])), 0)
        stem = encoded[: len(encoded) - len(_ENDINGS[ending])]
        shared = 0
        while shared < min(len(stem), len(self._stem)) and stem[shared] == self._stem[shared]:
            shared += 1
        self._stem = stem
        rest = stem[shared:]
        return write_number(len(_ENDINGS) * shared + ending) + write_number(len(rest)) + rest


class NameReader:
    """Reads the names of one file, in order."""

    def __init__(self) -> None:
        self._stem = b""

    def read(self, data: ByteReader) -> str:
        """The next name."""
        start = data.position
        shared, ending = divmod(data.number("a tensor's name"), len(_ENDINGS))
        if shared > len(self._stem):
            raise data.error(f"a name shares {shared} bytes with one of {len(self._stem)}")
        self._stem = self._stem[:shared] + data.take(
            _length(data, "a tensor's name"), "a tensor's name"
        )
        return _decode(data, self._stem + _ENDINGS[ending], start, "a tensor's name")


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
