"""The body of format versions 1 and 2, read only: one record with its own bytes for each tensor.

Layout; a *number* is an unsigned LEB128 number in its shortest form::

    network name                 number of bytes, UTF-8
    number of tensors            number
    for each tensor:
        name                     see names.py
        kind * 16 + axes         1 byte; axes = 15: one axis, as long as the first axis of the
                                 tensor before (a bias behind its weights)
        length of each axis      numbers
        length of the payload    number
        payload                  see coders.py

Version 1 has the kinds 1 to 3, version 2 the kinds 1 to 5.
"""

from collections.abc import Iterator
from math import prod

from core.codec.byte_reader import ByteReader
from core.codec.coders import CODERS
from core.codec.contents import Contents, Record
from core.codec.names import NameReader, read_text
from core.codec.payload import RowsBefore, TensorReader, rows_of
from core.codec.tensors import MAX_DIMENSIONS
from core.codec.version_2.coders import ClusteredContextReader, UniformContextReader

_READERS: tuple[TensorReader, ...] = (*CODERS, ClusteredContextReader(), UniformContextReader())
_KINDS = {reader.kind: reader for reader in _READERS}
_LAST_KIND = {1: 3, 2: 5}
"""The greatest kind that each format version knows."""
_MAGIC_AND_VERSION_BYTES = 4
_LIKE_AXIS_BEFORE = MAX_DIMENSIONS + 1


def read_separate_body(body: ByteReader, format_version: int, max_elements: int) -> Contents:
    """The network in a body.

    Raises:
        CodecError: the bytes are no such body, or declare more elements than ``max_elements``.
    """
    start = body.position
    network_name = read_text(body, "the network's name")
    num_tensors = body.number("the number of tensors")
    header_bytes = _MAGIC_AND_VERSION_BYTES + body.position - start
    records = tuple(_read_records(body, format_version, num_tensors, max_elements))
    if body.num_left:
        raise body.error(f"{body.num_left} bytes are left over behind the last tensor")
    return Contents(
        format_version=format_version,
        network_name=network_name,
        header_bytes=header_bytes,
        records=records,
    )


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
            kind=coder.name,
            tensor=tensor,
            name_bytes=header_start - start,
            header_bytes=payload.end - payload_bytes - header_start,
            bits=bits,
        )


def _read_kind_and_shape(
    body: ByteReader, format_version: int, name: str, first_axis: int | None
) -> tuple[TensorReader, tuple[int, ...]]:
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
