"""The ``.sws`` file: clustered networks in and out of bytes; knows NumPy and no torch."""

from core.codec.accounting import han_bytes
from core.codec.container import DEFAULT_MAX_ELEMENTS, FORMAT_VERSION, decode, encode
from core.codec.description import FileDescription, TensorDescription, describe
from core.codec.files import write_file
from core.codec.loading import load, load_into
from core.codec.payload import PayloadBits
from core.codec.tensors import (
    ClusteredTensor,
    CodedTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
)

__all__ = [
    "DEFAULT_MAX_ELEMENTS",
    "FORMAT_VERSION",
    "ClusteredTensor",
    "CodedTensor",
    "CompressedNetwork",
    "FileDescription",
    "FloatTensor",
    "PayloadBits",
    "TensorDescription",
    "UniformTensor",
    "decode",
    "describe",
    "encode",
    "han_bytes",
    "load",
    "load_into",
    "write_file",
]
