"""Live progress of a search: a display that redraws itself on a terminal, lines of text elsewhere.

What a running trial shows is measured on the network as it stands, not snapped to its codebook:
while the zero component is wide the snapped network's error means nothing. Its compression rate is
an estimate, marked with an approximation sign, until a file is there to be measured.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from core.outcome import UNSNAPPED_PHASES
from search.methods import DEFAULT_METHOD, title_of
from search.quantities import count, duration, percent, points, rate
from search.records import EpochRecord, StudySnapshot, TrialRecord, TrialState

SECONDS_BETWEEN_LINES = 10.0
"""How long a plain log stays silent while nothing ends."""


@dataclass(frozen=True, kw_only=True)
class RunningTrial:
    """A running trial as it is shown.

    Attributes:
        number: its number.
        setting: name of the setting it tries, empty for a suggested one.
        epoch: epochs done, over all phases; 0 before the first has ended.
        num_epochs: epochs of all phases; None before the first has ended.
        accuracy_loss: of the network as it stands, a fraction; None before the first epoch.
        is_unsnapped: whether that network's weights are still free of their codebook.
        estimated_compression_rate: from the share of non-zeros; None before the first epoch.
        seconds_left: until its retraining ends, by its speed so far.
    """

    number: int
    setting: str
    epoch: int
    num_epochs: int | None
    accuracy_loss: float | None
    is_unsnapped: bool
    estimated_compression_rate: float | None
    seconds_left: float | None

    @property
    def loss(self) -> str:
        """The accuracy loss in points, marked where the network is not snapped to a codebook."""
        return f"{points(self.accuracy_loss)}{' (unsnapped)' if self.is_unsnapped else ''}"

    @property
    def estimate(self) -> str:
        """The estimated compression rate, marked as such."""
        value = self.estimated_compression_rate
        return "-" if value is None else f"≈{rate(value)}"


def running_trials(snapshot: StudySnapshot) -> tuple[RunningTrial, ...]:
    """Return the running trials of a study as they are shown, by number."""
    latest = latest_epochs(snapshot.epochs)
    reference_error = snapshot.study.reference.validation_error
    running = [trial for trial in snapshot.trials if trial.state is TrialState.running]
    return tuple(_running(trial, latest.get(trial.number), reference_error) for trial in running)


def seconds_left(snapshot: StudySnapshot, num_workers: int) -> float | None:
    """Estimate the seconds until all trials of a study have finished; None while nothing is known.

    Trials yet to come take as long as the complete ones did in the middle, or as the running ones
    will.
    """
    running = running_trials(snapshot)
    lengths = [
        trial.seconds
        for trial in snapshot.trials
        if trial.state is TrialState.complete and trial.seconds is not None
    ]
    if not lengths:
        lengths = [
            epoch.seconds / epoch.epoch * epoch.num_epochs
            for epoch in snapshot.epochs
            if epoch.trial in {trial.number for trial in running}
        ]
    if not lengths:
        return None
    length = statistics.median(lengths)
    waiting = max(0, snapshot.study.num_trials - snapshot.num_finished - len(running))
    at_work = sum(length if t.seconds_left is None else t.seconds_left for t in running)
    return (at_work + waiting * length) / max(1, min(num_workers, len(running) + waiting))


class SearchProgress:
    """Shows how a study goes on, from one snapshot of it to the next."""

    def __init__(
        self,
        console: Console,
        num_workers: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the display.

        Args:
            console: where to; a terminal gets a display that redraws itself.
            num_workers: how many workers share the trials to come.
            clock: seconds that only grow.
        """
        self._console = console
        self._num_workers = num_workers
        self._clock = clock
        self._live = (
            Live(console=console, transient=True, auto_refresh=False)
            if console.is_terminal
            else None
        )
        self._ended: set[int] | None = None
        self._line_at = clock()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, snapshot: StudySnapshot) -> None:
        """Show a study as it is now.

        Trials that had ended before the first snapshot are not told one by one.
        """
        ended = [trial for trial in snapshot.trials if trial.state is not TrialState.running]
        if self._ended is None:
            self._ended = {trial.number for trial in ended}
            if ended:
                self._say(f"{snapshot.num_finished} of {snapshot.study.num_trials} trials are done")
        for trial in ended:
            if trial.number not in self._ended:
                self._ended.add(trial.number)
                self._say(ended_line(trial))
        if self._live is not None:
            self._live.update(self._display(snapshot), refresh=True)
        elif self._clock() - self._line_at >= SECONDS_BETWEEN_LINES:
            self._say(self._summary(snapshot))

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
        self._line_at = self._clock()

    def _summary(self, snapshot: StudySnapshot) -> str:
        parts = [f"{snapshot.num_finished}/{snapshot.study.num_trials} trials"]
        for trial in running_trials(snapshot):
            if trial.num_epochs is None:
                parts.append(f"trial {trial.number}: starting")
            else:
                parts.append(
                    f"trial {trial.number}: epoch {trial.epoch}/{trial.num_epochs}, "
                    f"accuracy loss {trial.loss}, {trial.estimate}, "
                    f"{duration(trial.seconds_left)} left"
                )
        left = seconds_left(snapshot, self._num_workers)
        return "; ".join(parts) + (f"; about {duration(left)} left" if left is not None else "")

    def _display(self, snapshot: StudySnapshot) -> Group:
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("trial", justify="right")
        table.add_column("setting")
        for column in ("epoch", "accuracy loss, points", "compression", "left"):
            table.add_column(column, justify="right")
        for trial in running_trials(snapshot):
            table.add_row(
                str(trial.number),
                trial.setting,
                "starting" if trial.num_epochs is None else f"{trial.epoch}/{trial.num_epochs}",
                trial.loss,
                trial.estimate,
                duration(trial.seconds_left),
            )
        done, total = snapshot.num_finished, snapshot.study.num_trials
        overall = Table.grid(padding=(0, 1))
        overall.add_row(
            ProgressBar(total=total, completed=done, width=40),
            Text(f"{done}/{total} trials"),
            Text(f"{duration(seconds_left(snapshot, self._num_workers))} left"),
        )
        return Group(table, overall)


def ended_line(trial: TrialRecord) -> str:
    """Return the line that tells how a trial ended."""
    called = trial.setting or ("" if trial.method == DEFAULT_METHOD else title_of(trial.method))
    name = f"trial {trial.number}" + (f" ({called})" if called else "")
    if trial.state is not TrialState.complete:
        return f"{name} {trial.state.value}: {trial.reason or 'no reason is stored'}"
    is_short = trial.schedule is not None and trial.schedule < 1
    return (
        f"{name}: accuracy loss {points(trial.accuracy_loss)} points, "
        f"{rate(trial.compression_rate)}, {count(trial.file_bytes)} bytes, "
        f"{duration(trial.seconds)}"
        + (f", with {percent(trial.schedule, 0)} of its epochs" if is_short else "")
    )


def latest_epochs(epochs: Iterable[EpochRecord]) -> dict[int, EpochRecord]:
    """Return the last epoch of each trial by its number."""
    latest: dict[int, EpochRecord] = {}
    for epoch in epochs:
        if epoch.trial not in latest or epoch.epoch >= latest[epoch.trial].epoch:
            latest[epoch.trial] = epoch
    return latest


def _running(trial: TrialRecord, epoch: EpochRecord | None, reference_error: float) -> RunningTrial:
    setting = trial.setting or ""
    if epoch is None:
        return RunningTrial(
            number=trial.number,
            setting=setting,
            epoch=0,
            num_epochs=None,
            accuracy_loss=None,
            is_unsnapped=False,
            estimated_compression_rate=None,
            seconds_left=None,
        )
    return RunningTrial(
        number=trial.number,
        setting=setting,
        epoch=epoch.epoch,
        num_epochs=epoch.num_epochs,
        accuracy_loss=epoch.validation_error - reference_error,
        is_unsnapped=epoch.phase in UNSNAPPED_PHASES,
        estimated_compression_rate=epoch.estimated_compression_rate,
        seconds_left=epoch.seconds / epoch.epoch * (epoch.num_epochs - epoch.epoch),
    )
