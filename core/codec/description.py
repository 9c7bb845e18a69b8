"""Where the bytes of a file are, for people who look into one."""

from dataclasses import dataclass

import numpy as np

from core.codec.container import CHECKSUM_BYTES, DEFAULT_MAX_ELEMENTS, read_contents
from core.codec.contents import Record
from core.codec.payload import PayloadBits
from core.codec.tensors import ClusteredTensor, UniformTensor


@dataclass(frozen=True, kw_only=True)
class TensorDescription:
    """One tensor of a file.

    Attributes:
        name: its name.
        kind: the name of the coder that wrote it.
        shape: its shape.
        num_elements: number of its elements.
        num_nonzeros: elements that decode to something other than zero.
        num_codebook_entries: entries of its codebook, the zero included; 0 without a codebook.
        name_bytes: bytes of its name.
        header_bytes: bytes of its kind, shape and payload length.
        bits: bits of its payload by their purpose.
        file_bytes: all its bytes: name, header and payload.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    num_elements: int
    num_nonzeros: int
    num_codebook_entries: int
    name_bytes: int
    header_bytes: int
    bits: PayloadBits
    file_bytes: int


@dataclass(frozen=True, kw_only=True)
class FileDescription:
    """A file; ``header_bytes``, the tensors' ``file_bytes`` and ``checksum_bytes`` sum to all.

    Attributes:
        network_name: name by which the network is built again.
        format_version: version of the format.
        header_bytes: magic, version, network name and number of tensors.
        tensors: the tensors in file order.
        checksum_bytes: bytes of the checksum.
        total_bytes: bytes of the file.
    """

    network_name: str
    format_version: int
    header_bytes: int
    tensors: tuple[TensorDescription, ...]
    checksum_bytes: int
    total_bytes: int


def describe(data: bytes, max_elements: int = DEFAULT_MAX_ELEMENTS) -> FileDescription:
    """Where the bytes of a file are.

    Args:
        data: the whole file.
        max_elements: as in ``decode``.

    Raises:
        CodecError: the bytes are no such file or are damaged.
    """
    contents = read_contents(data, max_elements)
    return FileDescription(
        network_name=contents.network_name,
        format_version=contents.format_version,
        header_bytes=contents.header_bytes,
        tensors=tuple(_describe_tensor(record) for record in contents.records),
        checksum_bytes=CHECKSUM_BYTES,
        total_bytes=len(data),
    )


def _describe_tensor(record: Record) -> TensorDescription:
    tensor = record.tensor
    if isinstance(tensor, ClusteredTensor):
        nonzero_entries = np.flatnonzero(tensor.codebook)
        uses = np.bincount(tensor.indices.reshape(-1), minlength=len(tensor.codebook))
        num_nonzeros = int(uses[nonzero_entries].sum())
    elif isinstance(tensor, UniformTensor):
        num_nonzeros = int(np.count_nonzero(tensor.values()))
    else:
        num_nonzeros = int(np.count_nonzero(tensor.values))
    return TensorDescription(
        name=record.name,
        kind=record.kind,
        shape=tensor.shape,
        num_elements=int(np.prod(tensor.shape, dtype=np.int64)),
        num_nonzeros=num_nonzeros,
        num_codebook_entries=(len(tensor.codebook) if isinstance(tensor, ClusteredTensor) else 0),
        name_bytes=record.name_bytes,
        header_bytes=record.header_bytes,
        bits=record.bits,
        file_bytes=record.name_bytes + record.header_bytes + record.bits.total // 8,
    )
