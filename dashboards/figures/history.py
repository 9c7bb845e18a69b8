"""How far a study has come: every trial in the order of ending, and what the study has so far."""

import math
import operator
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dashboards.points import Point, Standing, objectives_of, points_of
from dashboards.remembering import remembered
from search.hypervolume import hypervolume
from search.pareto import pareto_front
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import ScoreConfig


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One ended trial and what the study has after it.

    Attributes:
        order: place in the order of ending, from 1.
        trial: its number.
        setting: name of the enqueued setting, or None.
        point: its measurements, None where it was stopped or failed.
        reason: why it was stopped or failed.
        failed: whether it failed rather than was stopped.
        best_rate: best rate within the cap so far, in bytes of the file; None before the first.
        hypervolume: of the feasible front so far, in points times halvings.
        seconds: computing time of this and all earlier trials, as far as it was stored.
    """

    order: int
    trial: int
    setting: str | None
    point: Point | None
    reason: str | None
    failed: bool
    best_rate: float | None
    hypervolume: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class HistoryData:
    """What the figure draws.

    Attributes:
        entries: the ended trials in their order.
        rate_low: lowest rate that the figure shows at first.
        rate_high: highest rate that it shows at first; collapsed networks may lie above.
        num_outside: measured trials outside that range.
    """

    entries: tuple[HistoryEntry, ...]
    rate_low: float
    rate_high: float
    num_outside: int


@remembered
def history_data(snapshot: StudySnapshot, config: ScoreConfig) -> HistoryData:
    """Gather the course of a study. Interrupted trials are no part of it: others redo them."""
    points = {point.trial: point for point in points_of(snapshot, config)}
    ended = [
        trial
        for trial in snapshot.trials
        if trial.number in points or trial.state in (TrialState.stopped, TrialState.failed)
    ]
    ended.sort(key=_ending)
    entries = _LAST.entries(ended, points, config.max_accuracy_loss)
    rates = [point.compression_rate for point in points.values()]
    feasible = [
        point.compression_rate
        for point in points.values()
        if point.standing is not Standing.over_cap
    ]
    # All within the cap is shown, of the rest what is not smaller by far: a collapsed network is.
    shown = feasible or rates or [1.0]
    low, high = 0.8 * min(shown), (2.5 if feasible else 1.25) * max(shown)
    return HistoryData(
        entries=entries,
        rate_low=low,
        rate_high=high,
        num_outside=sum(not low <= rate <= high for rate in rates),
    )


class _LastCourse:
    """The course of the study that was asked about last, which goes on as more trials end.

    From one reading to the next the ended trials are the same records (``search.reading``).
    """

    def __init__(self) -> None:
        self._begin(cap=math.nan)

    def _begin(self, cap: float) -> None:
        self._cap = cap
        self._ended: list[TrialRecord] = []
        self._entries: list[HistoryEntry] = []
        self._front: list[Point] = []
        self._volume = 0.0

    def entries(
        self, ended: Sequence[TrialRecord], points: Mapping[int, Point], cap: float
    ) -> tuple[HistoryEntry, ...]:
        """Return what a study has after each trial.

        Args:
            ended: its ended trials in their order.
            points: the measured ones as they stand, by number.
            cap: that they stand against.
        """
        goes_on = cap == self._cap and len(self._ended) <= len(ended)
        if not (goes_on and all(map(operator.is_, self._ended, ended))):
            self._begin(cap)
        for place, entry in enumerate(self._entries):
            point = points.get(entry.trial)
            if point is not entry.point:  # a later trial beat it
                self._entries[place] = replace(entry, point=point)
        for trial in ended[len(self._ended) :]:
            self._end(trial, points.get(trial.number))
        return tuple(self._entries)

    def _end(self, trial: TrialRecord, point: Point | None) -> None:
        if (
            point is not None
            and point.standing is not Standing.over_cap
            and not _is_beaten(point, self._front)
        ):
            self._front = pareto_front([*self._front, point], objectives_of)
            self._volume = hypervolume(map(objectives_of, self._front), self._cap)
        seconds = self._entries[-1].seconds if self._entries else 0.0
        self._ended.append(trial)
        self._entries.append(
            HistoryEntry(
                order=len(self._ended),
                trial=trial.number,
                setting=trial.setting,
                point=point,
                reason=trial.reason,
                failed=trial.state is TrialState.failed,
                best_rate=self._front[-1].compression_rate if self._front else None,
                hypervolume=self._volume,
                seconds=seconds + (trial.seconds or 0.0),
            )
        )


_LAST = _LastCourse()


def _is_beaten(point: Point, front: Sequence[Point]) -> bool:
    """Return whether a point of a front loses no more and is no larger.

    On a front, by growing loss, rates grow as well: the last that loses no more is the smallest.
    """
    place = bisect_right(front, point.accuracy_loss, key=lambda other: other.accuracy_loss)
    return place > 0 and front[place - 1].compression_rate >= point.compression_rate


def _ending(trial: TrialRecord) -> tuple[datetime, int]:
    return trial.finished_at or datetime.max.replace(tzinfo=UTC), trial.number
