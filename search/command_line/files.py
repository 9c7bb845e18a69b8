"""The verbs on a compressed file alone: ``inspect``, ``decompress`` and ``evaluate``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import safetensors.numpy

from core.codec import TensorDescription, decode, describe, write_file
from core.data import Data
from core.errors import CodecError, ConfigError, SoftshareError
from core.evaluation import error, load_compressed
from core.networks import NetworkDescription
from core.reference import describe_network
from core.runtime import use_one_thread
from core.student import describe_student
from search.command_line.printing import print_json, print_lines, print_table
from search.command_line.request import Request
from search.configuration import OutputFormat, SoftshareConfig, compose
from search.inputs import load_inputs
from search.quantities import count, percent, rate

MAX_FILE_BYTES = 1 << 30
"""Larger files are refused unread: a compressed network of ours is thousands of times smaller."""

_PURPOSES = ("positions", "values", "codebook", "tables")
"""Fields of ``PayloadBits`` with a column of their own."""


def inspect(request: Request) -> None:
    """Print what a compressed file holds and where its bytes are."""
    config = compose(request.overrides)
    path = request.path("file")
    content = read_file(path)
    with naming(path):
        description = describe(content)
    if config.output is OutputFormat.json:
        print_json({"file": str(path), **asdict(description)})
        return
    columns = ("tensor", "kind", "shape", "non-zero", "entries", *_PURPOSES, "other", "all")
    print_table(
        f"{path}: {description.network_name}, {count(description.total_bytes)} bytes; "
        "from positions on, bytes",
        columns,
        [_tensor_row(tensor) for tensor in description.tensors],
        num_text_columns=3,
    )
    tensor_bytes = sum(tensor.file_bytes for tensor in description.tensors)
    print_lines(
        f"header {description.header_bytes}, tensors {count(tensor_bytes)}, checksum "
        f"{description.checksum_bytes}: {count(description.total_bytes)} bytes in format version "
        f"{description.format_version}"
    )


def decompress(request: Request) -> None:
    """Write the tensors of a compressed file as safetensors, or its network as an ONNX graph."""
    source, target = request.path("file"), request.path("to")
    content = read_file(source)
    with naming(source):
        network = decode(content)
    arrays = {name: np.ascontiguousarray(array) for name, array in network.arrays().items()}
    if target.suffix == ".onnx":
        from core.onnx_export import onnx_graph  # noqa: PLC0415 an optional extra

        written, form = onnx_graph(network), "ONNX graph with "
    else:
        metadata = {"network_name": network.network_name}
        written, form = safetensors.numpy.save(arrays, metadata=metadata), ""
    write_file(target, written)
    num_values = sum(array.size for array in arrays.values())
    print_lines(
        f"{target}: {form}{len(arrays)} tensors of {network.network_name}, {count(num_values)} "
        f"values, {count(len(written))} bytes"
    )


def evaluate(request: Request) -> None:
    """Print the error of the decoded network on validation and test data."""
    config = compose(request.overrides)
    path = request.path("file")
    content = read_file(path)
    with naming(path):
        decoded = decode(content)
    use_one_thread()
    data = load_inputs(config)
    described = _described(decoded.network_name, config, data)
    with naming(path):
        network = load_compressed(decoded, described).to(data.test.inputs.device)
    validation_error, test_error = error(network, data.validation), error(network, data.test)
    float32_bytes = 4 * sum(parameter.numel() for parameter in network.parameters())
    compression_rate = float32_bytes / len(content)
    if config.output is OutputFormat.json:
        print_json(
            {
                "file": str(path),
                "network": decoded.network_name,
                "data": data.name,
                "validation_error": validation_error,
                "test_error": test_error,
                "file_bytes": len(content),
                "float32_bytes": float32_bytes,
                "compression_rate": compression_rate,
            }
        )
        return
    print_lines(
        f"{path}: {decoded.network_name}, {count(len(content))} bytes, {rate(compression_rate)} "
        f"smaller than its {count(float32_bytes)} bytes of 32-bit floats",
        f"validation error on {data.name}: {percent(validation_error)}",
        f"test error on {data.name}: {percent(test_error)}",
    )


def _described(name: str, config: SoftshareConfig, data: Data) -> NetworkDescription | None:
    """Return how the network of a file is built, None where the registry knows that."""
    if config.student.factory is not None and name == config.student.name:
        return describe_student(config.student, data, config.code)
    if config.model.factory is not None and name != config.student.name:
        return describe_network(config.model, data, config.code)
    return None


def read_file(path: Path) -> bytes:
    """Return the bytes of a compressed file.

    Raises:
        ConfigError: it is not there, cannot be read or is far too large to be one.
    """
    try:
        num_bytes = path.stat().st_size
        content = path.read_bytes() if num_bytes <= MAX_FILE_BYTES else None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"FILE must be a file that can be read, but {path}: {reason}") from error
    if content is None:
        raise ConfigError(
            f"FILE must be a compressed network of at most {count(MAX_FILE_BYTES)} bytes, but "
            f"{path} has {count(num_bytes)}"
        )
    return content


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put a file's name in front of what the codec finds wrong with it."""
    try:
        yield
    except CodecError as error:
        raise SoftshareError(f"{path}: {error}") from error


def _tensor_row(tensor: TensorDescription) -> tuple[str, ...]:
    bits = asdict(tensor.bits)
    named_bytes = sum(bits[purpose] for purpose in _PURPOSES) / 8
    return (
        tensor.name,
        tensor.kind.split(" (", maxsplit=1)[0],
        "x".join(map(str, tensor.shape)) or "scalar",
        percent(tensor.num_nonzeros / tensor.num_elements) if tensor.num_elements else "-",
        count(tensor.num_codebook_entries) if tensor.num_codebook_entries else "",
        *(f"{bits[purpose] / 8:,.1f}" for purpose in _PURPOSES),
        f"{tensor.file_bytes - named_bytes:,.1f}",
        count(tensor.file_bytes),
    )
