"""The ``.sws`` file: magic and format version, a body by that version, a checksum.

``docs/format.md`` specifies it. Equal networks give equal bytes on every machine: all choices are
made on integers.
"""

import zlib

from core.codec.byte_reader import ByteReader
from core.codec.contents import Contents
from core.codec.joint_records import read_joint_body, write_joint_body
from core.codec.model_state import FIRST_VERSION, LAST_VERSION
from core.codec.separate_records import read_separate_body
from core.codec.tensors import CompressedNetwork
from core.errors import CodecError

FORMAT_VERSION = LAST_VERSION
DEFAULT_MAX_ELEMENTS = 2**28
CHECKSUM_BYTES = 4

_MAGIC = b"SWS"


def encode(network: CompressedNetwork) -> bytes:
    """The bytes of a network's file; ``decode`` gives an equal network back, bit for bit."""
    format_version, rest = write_joint_body(network)
    body = _MAGIC + bytes([format_version]) + rest
    return body + zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little")


def decode(data: bytes, max_elements: int = DEFAULT_MAX_ELEMENTS) -> CompressedNetwork:
    """The network in a file.

    A file says how large its tensors are, and zeros cost it nothing, so a few bytes can ask for
    any amount of memory. Hence ``max_elements``; the default allows 2**28 elements, 1 GiB as
    int32. Beyond 4 bytes for each element that the file declares (three times that while one
    tensor is decoded), memory grows linearly with the bytes of the file; time grows linearly with
    both, at some 100 ns an element.

    Args:
        data: the whole file.
        max_elements: most elements, over all tensors, that the file may declare. An axis of
            length 0 counts as 1 here.

    Raises:
        CodecError: the bytes are no such file, are damaged or declare more elements; it names
            the byte.
    """
    contents = read_contents(data, max_elements)
    return CompressedNetwork(
        contents.network_name, {record.name: record.tensor for record in contents.records}
    )


def read_contents(data: bytes, max_elements: int = DEFAULT_MAX_ELEMENTS) -> Contents:
    """Everything in a file with the place of its bits; arguments and errors as ``decode``."""
    version, body = _checked_body(data)
    if version >= FIRST_VERSION:
        return read_joint_body(body, version, max_elements)
    return read_separate_body(body, version, max_elements)


def _checked_body(data: bytes) -> tuple[int, ByteReader]:
    """The format version, and what lies between it and the checksum; all checked."""
    start = len(_MAGIC) + 1
    if len(data) < start or not data.startswith(_MAGIC):
        raise CodecError("not an .sws file: it does not start with SWS and a version", 0)
    version = data[start - 1]
    if not 1 <= version <= FORMAT_VERSION:
        raise CodecError(
            f"the file has format version {version}, "
            f"but this softshare reads versions 1 to {FORMAT_VERSION}",
            start - 1,
        )
    end = len(data) - CHECKSUM_BYTES
    if end < start:
        raise CodecError(f"the file ends after {len(data)} bytes, inside its header", len(data))
    found, stored = zlib.crc32(data[:end]), int.from_bytes(data[end:], "little")
    if found != stored:
        raise CodecError(
            f"the file is damaged or cut short: its checksum is {found:08x}, "
            f"but {stored:08x} is stored",
            end,
        )
    return version, ByteReader(data, start, end)
