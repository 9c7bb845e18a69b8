"""The training that most methods add something to: Adam on the error loss, its rate on a cosine.

So they have the same optimiser, schedule and budget, and differ in what they are.
"""

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from core.checkpoint import State
from core.errors import RetrainError
from core.evaluation import error
from core.preparation import Preparation
from core.retraining import FlatWeights, RetrainConfig
from core.retraining.epochs import Training
from core.retraining.schedule import cosine
from core.retraining.training_set import Batch


class Addition:
    """What a method adds to the training; by itself it adds nothing."""

    def parameters(self) -> list[dict[str, Any]]:
        """Return what else Adam trains, as its groups of parameters with a rate each."""
        return []

    def in_use(self, *, training: bool) -> AbstractContextManager[None]:
        """Let the network meanwhile have the weights that it is to be trained or judged with.

        Args:
            training: whether it is to be trained, for the time of one step.
        """
        return nullcontext()

    def add_gradients(self, fraction: float) -> None:
        """Add the gradients of a complexity loss, as it is weighted.

        Args:
            fraction: share of the training that is done, in [0, 1).
        """

    def complexity_loss(self) -> float:
        """Return that loss as it is now, unweighted, in nats for the whole network."""
        return 0.0

    def before_step(self, done: int, num_steps: int) -> None:
        """Act before a step, ``done`` steps of ``num_steps`` having been taken."""

    def after_step(self, done: int, num_steps: int) -> None:
        """Act after a step, ``done`` steps of ``num_steps`` having been taken, this one too."""

    def nonzero_fraction(self) -> float:
        """Return the share of the weights that would be left if the training ended here."""
        return 1.0

    def save(self) -> State:
        """Return all that it keeps from step to step, beside the parameters."""
        return {}

    def restore(self, state: State) -> None:
        """Take over what ``save`` returned."""


def train(
    start: Preparation,
    weights: FlatWeights,
    retrain: RetrainConfig,
    part: str,
    addition: Addition,
    *,
    num_epochs: int | None = None,
) -> None:
    """Train a network in place.

    Args:
        start: the network and its task; its weight tensors are views of ``weights``.
        weights: the weights that are to be clustered; biases and norms are trained with them.
        retrain: batch size, the weights' rate and its schedule, the seed, and the epochs.
        part: name of this part of the compression, in reports and checkpoints.
        addition: what the method adds.
        num_epochs: passes over the training data, where ``retrain`` is not to say.

    Raises:
        RetrainError: there is no weight, or the loss is not finite.
    """
    if weights.values.numel() == 0:
        raise RetrainError("the network has no weight that can be compressed")
    flat = nn.Parameter(weights.values)
    flat.grad = weights.gradient
    groups = [
        {"params": [flat, *weights.others.values()], "lr": retrain.lr_weights},
        *addition.parameters(),
    ]
    optimiser = torch.optim.Adam(groups, fused=True)
    training = Training(
        part,
        start.network,
        optimiser,
        start.training_set,
        retrain.batch_size,
        retrain.num_epochs if num_epochs is None else num_epochs,
        torch.Generator().manual_seed(retrain.seed),
        start.report.journal,
        addition.save,
        addition.restore,
    )

    def step(batch: Batch, done: int) -> Tensor:
        num_steps = training.num_steps
        addition.before_step(done, num_steps)
        rate = cosine(done / num_steps, retrain.lr_final_fraction)
        optimiser.param_groups[0]["lr"] = retrain.lr_weights * rate
        weights.zero_gradient()
        with addition.in_use(training=True):
            loss = start.error_loss.of(start.network, batch)
            torch.autograd.backward(loss)
        addition.add_gradients(done / num_steps)
        optimiser.step()
        addition.after_step(done + 1, num_steps)
        return loss

    for epoch, mean_loss in training.epochs(step):
        complexity_loss = addition.complexity_loss()
        if not (math.isfinite(mean_loss) and math.isfinite(complexity_loss)):
            raise RetrainError(
                f"the loss is not finite in epoch {epoch} of the {part} "
                f"(error loss {mean_loss}, complexity loss {complexity_loss})"
            )
        with addition.in_use(training=False):
            validation_error = error(start.network, start.validation)
        start.report(
            part, mean_loss, complexity_loss, addition.nonzero_fraction(), validation_error
        )
