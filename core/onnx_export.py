"""A decoded network as an ONNX graph, for runtimes without torch.

The graph maps a batch of inputs of any size to the network's outputs, in 32-bit floats. It needs
the packages of the extra ``softshare[onnx]``.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch

from core.codec import CompressedNetwork
from core.errors import ConfigError
from core.evaluation import load_compressed
from core.networks import description


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what the exporter says of its own dependencies from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def onnx_graph(network: CompressedNetwork) -> bytes:
    """The bytes of an ONNX file with the network and its weights.

    Raises:
        ConfigError: the packages ``onnx`` and ``onnxscript`` are not there.
        DataError: the network is not known here, or the tensors are not its tensors.
    """
    for package in ("onnx", "onnxscript"):
        if find_spec(package) is None:
            raise ConfigError(
                "to must end in .safetensors where there is no package "
                f"{package}, but got an ONNX file; install softshare[onnx]"
            )
    module = load_compressed(network)
    shape = description(network.network_name).input_shape
    with quiet():
        program = torch.onnx.export(
            module,
            (torch.zeros(2, *shape),),
            input_names=["inputs"],
            output_names=["outputs"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise AssertionError("the exporter gave no program")
    return bytes(program.model_proto.SerializeToString())
