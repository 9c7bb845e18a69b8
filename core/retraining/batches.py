"""The order in which training examples are seen."""

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor


def batches(
    num_examples: int, batch_size: int, generator: torch.Generator
) -> Iterator[Int[Tensor, " batch"]]:
    """Yield the indices of all examples in a new random order, a batch at a time."""
    yield from torch.randperm(num_examples, generator=generator).split(batch_size)
