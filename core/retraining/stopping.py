"""Early end of a retraining that cannot come to anything: trapped or collapsed.

While the zero component is still wide the snapped network's error is meaningless, so neither rule
looks at it. A trapped run's weights are out of the zero component's reach: its share of non-zeros
is high from the start and hardly falls. (A zero component that widens has its reach still before
it: no such run is called trapped.) A collapsed run has lost the function of the network: its error
loss comes near to a constant predictor's and still rises.
"""

from dataclasses import dataclass, field

from core.checkpoint import State
from core.errors import SoftshareError

TRAPPED_NONZERO_FRACTION = 0.10
TRAPPED_REMAINING = 0.9  # share of the non-zeros at a tenth of the training still there at a fifth
COLLAPSED_RELATIVE_LOSS = 0.10
COLLAPSED_FROM = 0.28  # earlier, runs were seen to recover


class RetrainingStopped(SoftshareError):  # noqa: N818 - a verdict on a run, not a fault
    """A retraining was ended early because it was trapped or collapsed; the message says which."""


@dataclass
class HopelessnessRule:
    """Watches a retraining epoch by epoch.

    Attributes:
        constant_loss: error loss of a constant predictor, in nats a training example.
        widens: whether the zero component widens on the way.
        fractions: fraction of the training done at the end of every epoch seen.
        nonzero_fractions: share of non-zeros then.
        relative_losses: error loss over the constant predictor's then.
    """

    constant_loss: float
    widens: bool = False
    fractions: list[float] = field(default_factory=list)
    nonzero_fractions: list[float] = field(default_factory=list)
    relative_losses: list[float] = field(default_factory=list)

    def observe(self, fraction: float, nonzero_fraction: float, error_loss: float) -> None:
        """Take in one epoch.

        Args:
            fraction: share of the training that is done.
            nonzero_fraction: non-zeros over the weights of the reference network.
            error_loss: in nats a training example.

        Raises:
            RetrainingStopped: the run is trapped or collapsed.
        """
        self.fractions.append(fraction)
        self.nonzero_fractions.append(nonzero_fraction)
        self.relative_losses.append(error_loss / self.constant_loss)
        if not self.widens:
            self._stop_if_trapped()
        self._stop_if_collapsed()

    def state(self) -> State:
        """Return what was seen."""
        return {
            "fractions": list(self.fractions),
            "nonzero_fractions": list(self.nonzero_fractions),
            "relative_losses": list(self.relative_losses),
        }

    def restore(self, state: State) -> None:
        """Have seen what another rule saw."""
        self.fractions = state["fractions"]
        self.nonzero_fractions = state["nonzero_fractions"]
        self.relative_losses = state["relative_losses"]

    def _stop_if_trapped(self) -> None:
        if self.fractions[-1] < 0.2 or (len(self.fractions) > 1 and self.fractions[-2] >= 0.2):
            return
        early = [n for f, n in zip(self.fractions, self.nonzero_fractions, strict=True) if f <= 0.1]
        if not early:
            return
        now = self.nonzero_fractions[-1]
        if early[-1] > TRAPPED_NONZERO_FRACTION and now > TRAPPED_REMAINING * early[-1]:
            raise RetrainingStopped(
                f"trapped: {now:.1%} of the weights are non-zero after a fifth of the training, "
                f"{early[-1]:.1%} after a tenth"
            )

    def _stop_if_collapsed(self) -> None:
        if self.fractions[-1] < COLLAPSED_FROM or len(self.relative_losses) < 2:
            return
        before, now = self.relative_losses[-2:]
        if now > COLLAPSED_RELATIVE_LOSS and now > before:
            raise RetrainingStopped(
                f"collapsed: the error loss is {now:.0%} of a constant predictor's and rising"
            )
