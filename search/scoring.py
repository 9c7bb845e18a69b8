"""Judges a compression: accuracy lost against compression rate (Ullrich et al. 2017, §6.2)."""

import math
from dataclasses import dataclass
from typing import Protocol

from core.errors import require

ROUNDING = 1e-9
"""An accuracy loss is a difference of two fractions: 0.023 - 0.018 comes out above 0.005, yet it
is within a cap of 0.005. One image more or less is a far larger step."""

ACCURACY_CONSTRAINT = "accuracy_loss"
"""Name of the accuracy cap among the constraints of a trial."""

VIOLATION_OF_STOPPED = 1.0
"""Violation told for a trial that was stopped as hopeless: as if all accuracy were lost."""


@dataclass(kw_only=True)
class ScoreConfig:
    """What accuracy loss is allowed and what it is worth.

    Attributes:
        max_accuracy_loss: largest validation accuracy loss of a feasible trial, a fraction.
        accuracy_weight: what the scalar score takes off for each unit of accuracy lost; at 100,
            one point must buy a factor e of compression.
        compression_weight: what the scalar score gives for each factor e of compression.
    """

    max_accuracy_loss: float = 0.005
    accuracy_weight: float = 100.0
    compression_weight: float = 1.0

    def __post_init__(self) -> None:
        cap = self.max_accuracy_loss
        require(
            0 <= cap <= 1,
            "score.max_accuracy_loss",
            "in [0, 1]",
            cap,
            "it is a fraction: 0.005 allows half a point",
        )
        for name in ("accuracy_weight", "compression_weight"):
            value = getattr(self, name)
            require(value >= 0, f"score.{name}", ">= 0", value)


class Measured(Protocol):
    """What has an accuracy loss and a size: an outcome, or the record of a complete trial."""

    @property
    def accuracy_loss(self) -> float | None:
        """Validation error minus the reference network's, a fraction."""

    @property
    def compression_rate(self) -> float | None:
        """Bytes of the float32 network over the bytes of its file."""

    @property
    def file_bytes(self) -> int | None:
        """Bytes of the file."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good a compression is.

    Attributes:
        accuracy_loss: validation error minus the reference network's; minimised.
        compression_rate: bytes of the float32 network over the bytes of its file; maximised.
        file_bytes: bytes of the file.
        feasible: whether the accuracy loss is within the cap.
        violation: accuracy loss beyond the cap, 0 where feasible.
        scalar: the two objectives balanced in one number; maximised.
    """

    accuracy_loss: float
    compression_rate: float
    file_bytes: int
    feasible: bool
    violation: float
    scalar: float


def violation_of(accuracy_loss: float, config: ScoreConfig) -> float:
    """Return how far an accuracy loss lies beyond the cap, 0 where it is within."""
    beyond = accuracy_loss - config.max_accuracy_loss
    return beyond if beyond > ROUNDING else 0.0


def score(measured: Measured, config: ScoreConfig) -> Score:
    """Judge a compression.

    The paper's search "balances accuracy loss vs compression rate" without a formula. Ours is::

        scalar = compression_weight ln(compression_rate) - accuracy_weight accuracy_loss

    so that equal factors of compression count equally. Only stored numbers enter: it can be
    computed again with other weights at any time.

    Raises:
        ValueError: the measurements are incomplete or not finite.
    """
    loss, rate, num_bytes = (
        measured.accuracy_loss,
        measured.compression_rate,
        measured.file_bytes,
    )
    if loss is None or rate is None or num_bytes is None:
        raise ValueError("only a complete trial has a score")
    scalar = scalar_of(loss, rate, config)
    violation = violation_of(loss, config)
    return Score(
        accuracy_loss=loss,
        compression_rate=rate,
        file_bytes=num_bytes,
        feasible=violation == 0,
        violation=violation,
        scalar=scalar,
    )


def scalar_of(accuracy_loss: float, compression_rate: float, config: ScoreConfig) -> float:
    """Return the scalar score alone.

    Raises:
        ValueError: the measurements are not finite.
    """
    if not math.isfinite(accuracy_loss) or not 0 < compression_rate < math.inf:
        raise ValueError(
            f"no score for accuracy loss {accuracy_loss} and compression rate {compression_rate}"
        )
    size = config.compression_weight * math.log(compression_rate)
    return size - config.accuracy_weight * accuracy_loss
