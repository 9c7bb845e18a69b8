"""Progress of a compression over all its phases: one clock and one count of epochs."""

import math
import time

from core.checkpoint import Journal, State
from core.outcome import EpochReport, OnEpoch


class Reporter:
    """Turns the epochs of all phases into ``EpochReport``s with one clock and one count.

    Attributes:
        num_epochs: epochs of all phases.
        num_components: components of the mixture.
        on_epoch: takes the reports.
        journal: takes the checkpoints of all phases; clock and count are in them.
        weights_left: share of the reference network's weights that the shrinking left; reported
            fractions are of the reference network's.
        epoch: epochs done.
        start: when the compression began by the monotonic clock, or would have without a break.
    """

    def __init__(
        self,
        num_epochs: int,
        num_components: int,
        on_epoch: OnEpoch | None,
        journal: Journal | None = None,
    ) -> None:
        self.num_epochs = num_epochs
        self.num_components = num_components
        self.on_epoch = on_epoch
        self.weights_left = 1.0
        self.epoch = 0
        self.start = time.monotonic()
        self.journal = Journal() if journal is None else journal
        self.journal.follow("report", self._state, self._restore)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the start."""
        return time.monotonic() - self.start

    def __call__(
        self,
        phase: str,
        error_loss: float,
        complexity_loss: float,
        nonzero_fraction: float,
        validation_error: float,
    ) -> None:
        """Report the end of an epoch.

        Args:
            phase: shrink, retrain, prune or fine_tune.
            error_loss: mean over the epoch, in nats a training example.
            complexity_loss: in nats, 0 where there is none.
            nonzero_fraction: share of non-zeros among the weights that are trained.
            validation_error: in [0, 1].
        """
        self.epoch += 1
        nonzero_fraction *= self.weights_left
        if self.on_epoch is not None:
            self.on_epoch(
                EpochReport(
                    phase=phase,
                    epoch=self.epoch,
                    num_epochs=self.num_epochs,
                    error_loss=error_loss,
                    complexity_loss=complexity_loss,
                    validation_error=validation_error,
                    nonzero_fraction=nonzero_fraction,
                    estimated_compression_rate=self.estimate_rate(nonzero_fraction),
                    seconds=self.seconds,
                )
            )

    def estimate_rate(self, nonzero_fraction: float) -> float:
        """Estimate the compression rate from the entropy of positions and component indices."""
        share = min(max(nonzero_fraction, 1e-9), 1 - 1e-9)
        positions = -share * math.log2(share) - (1 - share) * math.log2(1 - share)
        return 32 / (positions + share * math.log2(max(2, self.num_components - 1)))

    def _state(self) -> State:
        return {"epoch": self.epoch, "seconds": self.seconds}

    def _restore(self, state: State) -> None:
        self.epoch, self.start = state["epoch"], time.monotonic() - state["seconds"]
