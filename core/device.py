"""Which device a process computes on, and what it says when the device's memory is exhausted."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import torch

from core.errors import RetrainError, require


class Device(Enum):
    """What a user asks for: ``auto`` takes CUDA where torch finds a usable GPU, else the CPU."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


def choose_device(asked: Device) -> torch.device:
    """Return the device that is asked for.

    Data and network go there at an entry point (``Data.to``, ``ReferenceNetwork.build``);
    everything else computes where its inputs are.

    Raises:
        ConfigError: ``cuda`` on a machine where torch finds no usable GPU.
    """
    available = torch.cuda.is_available()
    require(
        asked is not Device.cuda or available,
        "device",
        "auto or cpu where torch finds no usable GPU",
        asked.value,
    )
    return torch.device("cuda" if available and asked is not Device.cpu else "cpu")


@contextmanager
def explaining_exhaustion(key: str, batch_size: int) -> Iterator[None]:
    """Turn torch's exhaustion of a GPU's memory into one line for the user.

    Args:
        key: the configuration key of the batch size.
        batch_size: its value.

    Raises:
        RetrainError: the memory is exhausted; the message says how much was wanted.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        wanted = ". ".join(" ".join(str(error).split()).split(". ")[1:3])
        raise RetrainError(
            f"{key} must be small enough for the memory of the GPU, but got {batch_size} "
            f"({wanted or 'out of memory'}); choose a smaller {key}, or device=cpu"
        ) from error
