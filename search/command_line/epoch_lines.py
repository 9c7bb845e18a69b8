"""Progress of one training at a time: a line that rewrites itself on a terminal, a log elsewhere.

It goes to standard error, so that standard output holds nothing but the result.
"""

import time

from rich.console import Console

from core.outcome import UNSNAPPED_PHASES, EpochReport, OnEpoch
from search.command_line.printing import make_console
from search.progress import SECONDS_BETWEEN_LINES
from search.quantities import duration, percent, points, rate


class EpochLines:
    """Tells of epochs as they end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or make_console(stderr=True)
        self._said_at = -SECONDS_BETWEEN_LINES

    def say(self, line: str, *, is_last: bool = False) -> None:
        """Show a line: in place of the one before on a terminal, now and then elsewhere."""
        if self._console.is_terminal:
            # To the line's start, clear it; the console itself would take these signs out.
            end = "\n" if is_last else ""
            self._console.file.write(f"\r\x1b[K{line[: self._console.width]}{end}")
            self._console.file.flush()
        elif is_last or time.monotonic() - self._said_at >= SECONDS_BETWEEN_LINES:
            self._said_at = time.monotonic()
            self._console.print(line, soft_wrap=True)

    def reference_epoch(self, epoch: int, num_epochs: int, validation_error: float) -> None:
        """Tell of an epoch of the reference network's training."""
        self._training("the reference network", epoch, num_epochs, validation_error)

    def student_epoch(self, epoch: int, num_epochs: int, validation_error: float) -> None:
        """Tell of an epoch of the student's training."""
        self._training("the student", epoch, num_epochs, validation_error)

    def _training(self, what: str, epoch: int, num_epochs: int, validation_error: float) -> None:
        self.say(
            f"training {what}: epoch {epoch}/{num_epochs}, "
            f"{percent(validation_error)} validation error",
            is_last=epoch == num_epochs,
        )

    def retraining_epoch(self, reference_error: float) -> OnEpoch:
        """Return what tells of an epoch of a retraining of a network with this error."""

        def tell(report: EpochReport) -> None:
            left = report.seconds / report.epoch * (report.num_epochs - report.epoch)
            marked = " (unsnapped)" if report.phase in UNSNAPPED_PHASES else ""
            self.say(
                f"{report.phase.replace('_', '-')}: epoch {report.epoch}/{report.num_epochs}, "
                f"accuracy loss {points(report.validation_error - reference_error)} "
                f"points{marked}, ≈{rate(report.estimated_compression_rate)}, "
                f"{duration(left)} left",
                is_last=report.epoch == report.num_epochs,
            )

        return tell
