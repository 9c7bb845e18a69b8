"""What a network is judged by: the classes that it gets wrong, or a metric of one's own.

A metric becomes an error, so that all else is the same whatever it measures: it is the error where
less is better, and what it lacks to 1 where more is. An accuracy loss is by how much it worsened.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch
from torch import Tensor

from core.errors import ConfigError, RetrainError, require
from core.factories import GIVEN_IN_PYTHON, CodeConfig, explaining, find_factory

OfOutputs = Callable[[Tensor, Tensor], Any]
"""Takes the network's outputs on examples and their labels, an example a row."""


class Direction(Enum):
    """Which way a metric improves."""

    minimise = "minimise"
    maximise = "maximise"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a network is judged by, and what it is trained on.

    Attributes:
        name: how messages call it.
        evaluate: returns the metric, a number, of the outputs on all examples of a split, on the
            processor and without gradients; None for the share of examples in a wrong class.
        direction: which way it improves.
        loss: returns the mean loss of a batch, a scalar that can be differentiated by the
            outputs; None for the cross-entropy of classes, and for other labels the squared error
            over their variance.
    """

    name: str
    evaluate: OfOutputs | None = None
    direction: Direction = Direction.minimise
    loss: OfOutputs | None = None

    def error(self, outputs: Tensor, labels: Tensor) -> float:
        """Return a metric of one's own as an error.

        Args:
            outputs: of the network, an example a row.
            labels: of the same examples.

        Raises:
            RetrainError: an output is not finite.
            ConfigError: the metric raises something, or is no finite number.
        """
        assert self.evaluate is not None
        if not bool(outputs.isfinite().all()):
            raise RetrainError(
                f"the outputs of the network are not finite, so that {self.name} says nothing"
            )
        with explaining("metric.factory", self.name):
            value = float(self.evaluate(outputs.cpu(), labels.cpu()))
        if not math.isfinite(value):
            raise ConfigError(
                f"metric.factory must give a metric that is a finite number, but {self.name} is "
                f"{value} for {len(labels)} examples whose outputs are all finite"
            )
        return value if self.direction is Direction.minimise else 1 - value

    def batch_loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of a batch by a loss of one's own.

        Raises:
            ConfigError: it raises something, or returns no scalar to be differentiated.
        """
        assert self.loss is not None
        with explaining("metric.loss", self.loss_name):
            loss = self.loss(outputs, labels)
        if not isinstance(loss, Tensor) or loss.dim() > 0 or not loss.is_floating_point():
            found = f"{tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            raise ConfigError(
                f"metric.loss must give a scalar tensor of floats, but {self.loss_name} returns "
                f"{found}"
            )
        return loss

    @property
    def loss_name(self) -> str:
        """How messages call the loss."""
        return str(getattr(self.loss, "__qualname__", type(self.loss).__name__))

    def __repr__(self) -> str:
        """What tells it from others, the same in every process."""
        loss = None if self.loss is None else self.loss_name
        return f"Metric({self.name}, {self.direction.value}, {loss})"


CLASSIFICATION = Metric(name="classification error")
"""The share of examples in a wrong class, trained on by cross-entropy and distillation."""


@dataclass(kw_only=True)
class MetricConfig:
    """The metric of a run.

    Attributes:
        factory: ``package.module:callable`` that returns a metric, which takes outputs and labels
            and returns a number; None judges by classes.
        direction: which way that metric improves; must be stated with a factory.
        loss: ``package.module:callable`` that returns the loss to retrain on, in the place of the
            cross-entropy or squared error.
    """

    factory: str | None = None
    direction: Direction | None = None
    loss: str | None = None

    def __post_init__(self) -> None:
        if self.factory is not None:
            require(
                self.direction is not None,
                "metric.direction",
                "minimise or maximise where metric.factory is given",
                "null",
            )
            return
        for name in ("direction", "loss"):
            value = getattr(self, name)
            shown = value.value if isinstance(value, Direction) else value
            require(value is None, f"metric.{name}", "null without metric.factory", shown)

    @classmethod
    def of(cls, metric: Metric) -> "MetricConfig":
        """Return what stands for a metric that was given in Python."""
        if metric.evaluate is None:
            return cls()
        loss = None if metric.loss is None else GIVEN_IN_PYTHON
        return cls(factory=GIVEN_IN_PYTHON, direction=metric.direction, loss=loss)


def load_metric(config: MetricConfig, code: CodeConfig) -> Metric:
    """Return the metric of a configuration.

    Raises:
        ConfigError: a factory is not allowed, cannot be found, raises, or returns nothing that
            can be called.
    """
    if config.factory is None:
        return CLASSIFICATION
    assert config.direction is not None
    return Metric(
        name=config.factory,
        evaluate=_made(config.factory, "metric.factory", code),
        direction=config.direction,
        loss=None if config.loss is None else _made(config.loss, "metric.loss", code),
    )


def check_loss(metric: Metric, outputs: Tensor, labels: Tensor) -> None:
    """Check that a loss of one's own can be trained on.

    Args:
        metric: it has the loss.
        outputs: of a network, on a few examples.
        labels: of the same examples.

    Raises:
        ConfigError: it raises something, or cannot be differentiated.
    """
    with torch.enable_grad():
        loss = metric.batch_loss(outputs.detach().clone().requires_grad_(), labels)
    if not loss.requires_grad:
        raise ConfigError(
            f"metric.loss must be differentiable by the outputs, but {metric.loss_name} is not"
        )


def _made(name: str, key: str, code: CodeConfig) -> OfOutputs:
    made = find_factory(name, key, code)()
    if not callable(made):
        raise ConfigError(
            f"{key} must return a function of outputs and labels, but {name} returned a "
            f"{type(made).__name__}"
        )
    found: OfOutputs = made
    return found
