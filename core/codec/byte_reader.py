"""Bounds-checked reading of bytes: nothing is read, or believed, beyond the end of the data."""

from core.errors import CodecError

_MAX_NUMBER_BYTES = 9


class ByteReader:
    """A cursor over a part of a file.

    Attributes:
        position: offset of the next byte, from the start of the file.
        end: offset just behind the last byte that may be read.
    """

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self._data = data
        self.position = position
        self.end = end

    @property
    def num_left(self) -> int:
        """Bytes not yet read."""
        return self.end - self.position

    def error(self, message: str) -> CodecError:
        """What to raise about the byte at the present position."""
        return CodecError(message, self.position)

    def take(self, num_bytes: int, what: str) -> bytes:
        """The next ``num_bytes`` bytes; ``what`` names them in the error if they are not there."""
        if num_bytes > self.num_left:
            raise self.error(f"{what} needs {num_bytes} bytes, but only {self.num_left} are left")
        start, self.position = self.position, self.position + num_bytes
        return self._data[start : self.position]

    def number(self, what: str) -> int:
        """A non-negative number below 2**63 as ``write_number`` writes it, in its shortest form."""
        value = 0
        for k in range(_MAX_NUMBER_BYTES):
            byte = self.take(1, what)[0]
            value |= (byte & 0x7F) << (7 * k)
            if byte < 0x80:
                if byte == 0 and k > 0:
                    raise self.error(f"{what} is not written in its shortest form")
                return value
        raise self.error(f"{what} is not below 2**63")

    def part(self, num_bytes: int, what: str) -> "ByteReader":
        """A cursor over the next ``num_bytes`` bytes, which this cursor steps over."""
        start = self.position
        if num_bytes > self.num_left:
            raise self.error(f"{what} needs {num_bytes} bytes, but only {self.num_left} are left")
        self.position += num_bytes
        return ByteReader(self._data, start, self.position)


def write_number(value: int) -> bytes:
    """A non-negative number below 2**63 in groups of 7 bits, lowest first (LEB128)."""
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
