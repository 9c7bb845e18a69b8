"""A whole file, read: its tensors and the place of their bits."""

from dataclasses import dataclass
from typing import TypeAlias

from core.codec.payload import PayloadBits
from core.codec.tensors import CodedTensor


@dataclass(frozen=True, kw_only=True)
class Record:
    """One tensor as it stands in a file.

    Attributes:
        name: its name.
        kind: the name of its coder, for people.
        tensor: the decoded tensor.
        name_bytes: bytes of its name.
        header_bytes: bytes of its kind, shape and payload length.
        bits: where its other bits are.
    """

    name: str
    kind: str
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
        header_bytes: bytes that belong to no tensor, the checksum aside.
        records: the tensors in file order.
    """

    format_version: int
    network_name: str
    header_bytes: int
    records: tuple[Record, ...]


Shape: TypeAlias = tuple[int, ...]
