"""The epochs of one part of a compression, whatever a step of it does.

They can be left before any step and taken up again where they were left (``core.checkpoint``).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor, nn

from core.checkpoint import (
    Journal,
    Restore,
    Save,
    State,
    optimiser_state,
    restore_generator,
    restore_optimiser,
)
from core.retraining.training_set import Batch, TrainingSet

Step = Callable[[Batch, int], Tensor]
"""Trains on a batch, given the steps that came before; returns its mean loss before the step."""


@dataclass
class Training:
    """The epochs of one part.

    Attributes:
        part: its name, of its own within a compression.
        network: trained in training mode.
        optimiser: what the steps use.
        training_set: what it is trained on.
        batch_size: training examples a step.
        num_epochs: passes over the training set.
        generator: order and views of the examples are drawn from it.
        journal: takes the checkpoints.
        save: returns what else the steps depend on.
        restore: puts that back.
    """

    part: str
    network: nn.Module
    optimiser: torch.optim.Optimizer
    training_set: TrainingSet
    batch_size: int
    num_epochs: int
    generator: torch.Generator
    journal: Journal
    save: Save = dict
    restore: Restore = lambda _state: None
    _epoch: int = field(default=1, init=False)
    _order: Int[Tensor, " examples"] | None = field(default=None, init=False)
    _position: int = field(default=0, init=False)
    _total_loss: float = field(default=0.0, init=False)

    @property
    def num_steps(self) -> int:
        """Steps of all epochs."""
        return self.num_epochs * self._steps_per_epoch

    def epochs(self, step: Step) -> Iterator[tuple[int, float]]:
        """Train; yield the number of each epoch, from 1, and the mean loss of an example in it.

        Yields none of the epochs that were over when the part was left.
        """
        if self.journal.is_over(self.part, self._restore_result):
            return
        self.journal.go_on(self.part, self._restore)
        while self._epoch <= self.num_epochs:
            yield self._epoch, self._train(step)
            self._epoch, self._order = self._epoch + 1, None
        self.journal.finish(self.part, self._result)

    @property
    def _steps_per_epoch(self) -> int:
        return math.ceil(len(self.training_set) / self.batch_size)

    def _train(self, step: Step) -> float:
        """Take a step on every batch of a new random order, or of the rest of one."""
        self.network.train()
        if self._order is None:
            self._order = torch.randperm(len(self.training_set), generator=self.generator)
            self._position, self._total_loss = 0, 0.0
        batches = self._order.split(self.batch_size)
        while self._position < len(batches):
            self.journal.keep_if_due(self.part, self._state)
            batch = self.training_set.draw(batches[self._position], self.generator)
            done = (self._epoch - 1) * self._steps_per_epoch + self._position
            self._total_loss += float(step(batch, done).detach()) * len(batch)
            self._position += 1
        return self._total_loss / len(self.training_set)

    def _result(self) -> State:
        return {"network": dict(self.network.state_dict()), "own": self.save()}

    def _restore_result(self, state: State) -> None:
        self.network.load_state_dict(state["network"])
        self.restore(state["own"])

    def _state(self) -> State:
        assert self._order is not None
        return {
            **self._result(),
            "optimiser": optimiser_state(self.optimiser),
            "generator": self.generator.get_state(),
            "epoch": self._epoch,
            "order": self._order.int(),
            "position": self._position,
            "total_loss": self._total_loss,
        }

    def _restore(self, state: State) -> None:
        self._restore_result(state)
        restore_optimiser(self.optimiser, state["optimiser"])
        restore_generator(self.generator, state["generator"])
        self._epoch, self._position = state["epoch"], state["position"]
        self._order, self._total_loss = state["order"].long(), state["total_loss"]
