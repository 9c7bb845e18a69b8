"""From a file to torch in one line; torch is imported only when one of these is called."""

import os
from pathlib import Path
from typing import Any, TypeVar, cast

from core.codec.container import DEFAULT_MAX_ELEMENTS, decode
from core.errors import DataError

Network = TypeVar("Network")
"""A ``torch.nn.Module``, which cannot be named here without importing torch."""


def load(path: str | os.PathLike[str], max_elements: int = DEFAULT_MAX_ELEMENTS) -> dict[str, Any]:
    """The state dict in a file: float32 ``torch.Tensor`` by name, in file order.

    Args:
        path: the file.
        max_elements: as in ``decode``.

    Raises:
        OSError: the file cannot be read.
        CodecError: it is no such file or is damaged.
    """
    import torch  # noqa: PLC0415 the codec itself needs no torch

    arrays = decode(Path(path).read_bytes(), max_elements).arrays()
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def load_into(
    model: Network, path: str | os.PathLike[str], max_elements: int = DEFAULT_MAX_ELEMENTS
) -> Network:
    """Give a model the weights in a file; the model itself, in evaluation mode.

    Tensors that the file holds plainly, though the model computes them by parametrisations, become
    plain ones in the model.

    Raises:
        OSError: the file cannot be read.
        CodecError: it is no such file or is damaged.
        DataError: its tensors are not the model's.
    """
    from core.networks import load_state, unparametrise  # noqa: PLC0415 as above

    state = load(path, max_elements)
    module = cast(Any, model)
    if not any(".parametrizations." in f".{name}" for name in state):
        unparametrise(module)
    try:
        load_state(module, state)
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} does not hold this model: {reason}") from error
    return cast(Network, module.eval())
