"""The ``.sws`` file: a small header, one record for each tensor, a checksum.

Layout of format versions 1, with the kinds 1 to 3, and 2, with the kinds 1 to 5; a *number* is an
unsigned LEB128 number in its shortest form::

    "SWS"                        3 bytes
    format version               1 byte
    network name                 number of bytes, UTF-8
    number of tensors            number
    for each tensor:
        name                     see names.py
        kind * 16 + axes         1 byte; axes = 15: one axis, as long as the first axis of the
                                 tensor before (a bias behind its weights)
        length of each axis      numbers
        length of the payload    number
        payload                  see coders.py
    CRC-32 of all bytes before   4 bytes, little-endian

Equal networks give equal bytes on every machine: all choices are made on integers.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from core.codec.byte_reader import ByteReader, write_number
from core.codec.coders import CODERS, encode_tensor
from core.codec.names import NameReader, NameWriter, read_text, write_text
from core.codec.payload import PayloadBits, RowsBefore, TensorCoder, rows_of
from core.codec.tensors import MAX_DIMENSIONS, CodedTensor, CompressedNetwork
from core.errors import CodecError

FORMAT_VERSION = 2
DEFAULT_MAX_ELEMENTS = 2**28
CHECKSUM_BYTES = 4

_MAGIC = b"SWS"
_KINDS = {coder.kind: coder for coder in CODERS}
_LAST_KIND = {1: 3, 2: 5}
"""The greatest kind that each format version knows."""
_LIKE_AXIS_BEFORE = MAX_DIMENSIONS + 1


@dataclass(frozen=True, kw_only=True)
class Record:
    """One tensor as it stands in a file.

    Attributes:
        name: its name.
        coder: the coder that wrote it.
        tensor: the decoded tensor.
        name_bytes: bytes of its name.
        header_bytes: bytes of its kind, shape and payload length.
        bits: where the bits of its payload are.
    """

    name: str
    coder: TensorCoder
    tensor: CodedTensor
    name_bytes: int
    header_bytes: int
    bits: PayloadBits


@dataclass(frozen=True, kw_only=True)
class Contents:
    """A whole file, read and checked.

    Attributes:
        format_version: version of the format.
        network_name: name of the network.
        header_bytes: bytes in front of the first record.
        records: the tensors in file order.
    """

    format_version: int
    network_name: str
    header_bytes: int
    records: tuple[Record, ...]


def encode(network: CompressedNetwork) -> bytes:
    """The bytes of a network's file; ``decode`` gives an equal network back, bit for bit."""
    parts = [_MAGIC, bytes([FORMAT_VERSION]), write_text(network.network_name)]
    parts.append(write_number(len(network.tensors)))
    names = NameWriter()
    first_axis: int | None = None
    rows_before: RowsBefore = None
    for name, tensor in network.tensors.items():
        coder, payload = encode_tensor(tensor, rows_before)
        rows_before = rows_of(tensor, rows_before)
        like_before = tensor.shape == (first_axis,)
        axes = _LIKE_AXIS_BEFORE if like_before else len(tensor.shape)
        parts += [names.write(name), bytes([coder.kind << 4 | axes])]
        if not like_before:
            parts += [write_number(length) for length in tensor.shape]
        parts += [write_number(len(payload)), payload]
        first_axis = tensor.shape[0] if tensor.shape else None
    body = b"".join(parts)
    return body + zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little")


def decode(data: bytes, max_elements: int = DEFAULT_MAX_ELEMENTS) -> CompressedNetwork:
    """The network in a file.

    A file says how large its tensors are, and zeros cost it nothing, so a few bytes can ask for
    any amount of memory. Hence ``max_elements``; the default allows 2**28 elements, 1 GiB as
    int32. Beyond 4 bytes for each element that the file declares (three times that while one
    tensor is decoded), memory grows linearly with the bytes of the file; time grows linearly with
    both, at some 100 ns an element of a tensor coded by context mixing.

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
    body = _checked_body(data)
    format_version = data[len(_MAGIC)]
    network_name = read_text(body, "the network's name")
    num_tensors = body.number("the number of tensors")
    header_bytes = body.position
    records = tuple(_read_records(body, format_version, num_tensors, max_elements))
    if body.num_left:
        raise body.error(f"{body.num_left} bytes are left over behind the last tensor")
    return Contents(
        format_version=format_version,
        network_name=network_name,
        header_bytes=header_bytes,
        records=records,
    )


def _checked_body(data: bytes) -> ByteReader:
    """What lies between format version and checksum, both checked."""
    start = len(_MAGIC) + 1
    if len(data) < start or not data.startswith(_MAGIC):
        raise CodecError("not an .sws file: it does not start with SWS and a version", 0)
    if data[start - 1] not in _LAST_KIND:
        raise CodecError(
            f"the file has format version {data[start - 1]}, "
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
    return ByteReader(data, start, end)


def _read_records(
    body: ByteReader, format_version: int, num_tensors: int, max_elements: int
) -> Iterator[Record]:
    names, seen = NameReader(), set[str]()
    first_axis: int | None = None
    rows_before: RowsBefore = None
    elements_left = max_elements
    for _ in range(num_tensors):
        start = body.position
        name = names.read(body)
        if name in seen:
            body.position = start
            raise body.error(f"two tensors have the name {name!a}")
        seen.add(name)
        header_start = body.position
        coder, shape = _read_kind_and_shape(body, format_version, name, first_axis)
        first_axis = shape[0] if shape else None
        num_elements = prod(max(length, 1) for length in shape)
        if num_elements > elements_left:
            body.position = header_start
            raise body.error(
                f"the tensors up to {name!a} declare "
                f"{max_elements - elements_left + num_elements} elements, but max_elements is "
                f"{max_elements}; raise it if you trust the file"
            )
        elements_left -= num_elements
        payload_bytes = body.number(f"the payload length of {name!a}")
        payload = body.part(payload_bytes, f"the payload of {name!a}")
        tensor, bits = coder.decode(payload, shape, rows_before)
        rows_before = rows_of(tensor, rows_before)
        yield Record(
            name=name,
            coder=coder,
            tensor=tensor,
            name_bytes=header_start - start,
            header_bytes=payload.end - payload_bytes - header_start,
            bits=bits,
        )


def _read_kind_and_shape(
    body: ByteReader, format_version: int, name: str, first_axis: int | None
) -> tuple[TensorCoder, tuple[int, ...]]:
    start = body.position
    kind, axes = divmod(body.take(1, f"the kind of {name!a}")[0], 16)
    known_kinds = [number for number in _KINDS if number <= _LAST_KIND[format_version]]
    if kind not in known_kinds or (axes == _LIKE_AXIS_BEFORE and first_axis is None):
        body.position = start
        known = ", ".join(str(number) for number in known_kinds)
        raise body.error(
            f"{name!a} has kind {kind}, but format version {format_version} knows {known}"
            if kind not in known_kinds
            else f"{name!a} takes its shape from the tensor before, which has none"
        )
    if axes == _LIKE_AXIS_BEFORE and first_axis is not None:
        return _KINDS[kind], (first_axis,)
    return _KINDS[kind], tuple(body.number(f"the shape of {name!a}") for _ in range(axes))
