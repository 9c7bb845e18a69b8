"""One pass over the training set, whatever a step of it does."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from core.retraining.batches import batches
from core.retraining.training_set import Batch, TrainingSet


def train_epoch(
    network: nn.Module,
    training_set: TrainingSet,
    batch_size: int,
    generator: torch.Generator,
    step: Callable[[Batch], Tensor],
) -> float:
    """Take a step on every batch of a new random order; return the mean loss of an example.

    Args:
        network: put into training mode.
        training_set: what it is trained on.
        batch_size: training examples a step.
        generator: order and views are drawn from it.
        step: trains on a batch and returns its mean loss before the step.
    """
    network.train()
    total_loss = 0.0
    for examples in batches(len(training_set), batch_size, generator):
        batch = training_set.draw(examples, generator)
        total_loss += float(step(batch).detach()) * len(batch)
    return total_loss / len(training_set)
