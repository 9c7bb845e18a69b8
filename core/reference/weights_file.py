"""The weights of somebody's trained network, from a file that runs nothing when it is read."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from core.errors import DataError

NESTED = ("state_dict", "model_state_dict", "model", "network", "net")
"""Keys under which training scripts keep the weights beside their optimiser's state."""

PARALLEL_PREFIX = "module."
"""What torch's parallel wrappers put before every name."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a file: torch's, read as tensors only, or safetensors.

    Raises:
        DataError: the file cannot be read, or holds more or less than a state dict.
    """
    try:
        if path.suffix == ".safetensors":
            content: Any = safetensors.torch.load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"model.checkpoint must be a file that can be read, but {path}: {reason}"
        ) from error
    except (
        pickle.UnpicklingError,
        safetensors.SafetensorError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:
        raise DataError(
            f"model.checkpoint must hold tensors only, but {path} does not; write it with "
            "torch.save(network.state_dict(), ...) or safetensors"
        ) from error
    return _state_dict(content, path)


def _state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    if isinstance(content, Mapping) and not _is_state(content):
        content = next((content[key] for key in NESTED if _is_state(content.get(key))), content)
    if not _is_state(content):
        found = list(map(str, content))[:6] if isinstance(content, Mapping) else type(content)
        raise DataError(f"model.checkpoint must hold a state dict, but {path} holds {found}")
    state = dict(content)
    if all(name.startswith(PARALLEL_PREFIX) for name in state):
        state = {name.removeprefix(PARALLEL_PREFIX): tensor for name, tensor in state.items()}
    return state


def _is_state(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and len(content) > 0
        and all(isinstance(n, str) and isinstance(t, Tensor) for n, t in content.items())
    )
