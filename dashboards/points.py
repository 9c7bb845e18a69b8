"""Finished trials as points: where each stands against the cap and against the others.

Ranking is search's; nothing here decides what is better, it only says it for drawing.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from operator import attrgetter

from dashboards.remembering import remembered
from search.methods import DEFAULT_METHOD
from search.pareto import Objectives, pareto_front
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import ScoreConfig, scalar_of, violation_of

MAX_DRAWN = 2000
"""More dots than these only make a page slow."""


class Standing(Enum):
    """Where a finished trial stands, by validation data and bytes of the file."""

    front = "on the front"
    dominated = "dominated"
    over_cap = "over the cap"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One finished trial, measured on its decoded file. Errors and losses are fractions.

    Attributes:
        trial: its number in the study.
        method: what it was compressed with.
        student: name of the student that it compressed, None where it was the network itself.
        setting: name of the enqueued setting it came from, or None where it was suggested.
        standing: against the cap and the other trials.
        accuracy_loss: validation error minus the reference network's.
        test_accuracy_loss: the same difference on test data; reported, never ranked by.
        validation_error: of the decoded network.
        test_error: of the decoded network.
        compression_rate: float32 bytes of all parameters over bytes of the file.
        han_compression_rate: the paper's accounting, weights only.
        file_bytes: the file with everything inside it.
        nonzero_fraction: share of clustered weights that are not zero.
        seconds: wall-clock time of the trial, None where it was not stored.
    """

    trial: int
    method: str = DEFAULT_METHOD
    student: str | None = None
    setting: str | None
    standing: Standing
    accuracy_loss: float
    test_accuracy_loss: float
    validation_error: float
    test_error: float
    compression_rate: float
    han_compression_rate: float
    file_bytes: int
    nonzero_fraction: float
    seconds: float | None


@remembered
def points_of(snapshot: StudySnapshot, config: ScoreConfig) -> tuple[Point, ...]:
    """Return the finished trials of a study as points, by trial number.

    Trials without complete, finite measurements are no points.

    Args:
        snapshot: the study as it is stored.
        config: its cap decides what is feasible; it may differ from the study's own.
    """
    measured = _LAST.measured(snapshot)
    feasible = [p for p in measured if not violation_of(p.accuracy_loss, config)]
    standings = {point.trial: Standing.dominated for point in feasible}
    for point in pareto_front(feasible, objectives_of):
        standings[point.trial] = Standing.front
    points = tuple(
        point
        if (standing := standings.get(point.trial, Standing.over_cap)) is point.standing
        else replace(point, standing=standing)
        for point in sorted(measured, key=attrgetter("trial"))
    )
    _LAST.keep(snapshot, points)
    return points


@remembered
def scores_of(snapshot: StudySnapshot, config: ScoreConfig) -> tuple[float, ...]:
    """Return the scalar score of each of ``points_of``."""
    return tuple(
        scalar_of(point.accuracy_loss, point.compression_rate, config)
        for point in points_of(snapshot, config)
    )


@remembered
def smallest(snapshot: StudySnapshot, config: ScoreConfig) -> Point | None:
    """Return the smallest file within the cap, or None where no trial is feasible."""
    return best_of(points_of(snapshot, config))


@remembered
def by_score(snapshot: StudySnapshot, config: ScoreConfig) -> tuple[Point, ...]:
    """Return the points by falling score, of equal ones the earlier trial first."""
    points = points_of(snapshot, config)
    order = sorted((-value, place) for place, value in enumerate(scores_of(snapshot, config)))
    return tuple(points[place] for _, place in order)


class _LastPoints:
    """The points of the study that was asked about last, whose ended trials are measured once.

    From one reading to the next they are the same records (``search.reading``), and most of them
    stand where they stood.
    """

    def __init__(self) -> None:
        self._trials: tuple[TrialRecord, ...] = ()
        self._test_error = math.nan
        self._points: dict[int, Point] = {}

    def measured(self, snapshot: StudySnapshot) -> list[Point]:
        """Return the measured trials as points, which may stand as they stood before."""
        test_error = snapshot.study.reference.test_error
        is_same = test_error == self._test_error
        points = []
        for trial, before in itertools.zip_longest(snapshot.trials, self._trials):
            if trial is None:
                break
            known = is_same and trial is before
            point = self._points.get(trial.number) if known else _measured(trial, test_error)
            if point is not None:
                points.append(point)
        return points

    def keep(self, snapshot: StudySnapshot, points: Sequence[Point]) -> None:
        """Know the points of a study from now on, those of others no more."""
        self._trials, self._test_error = snapshot.trials, snapshot.study.reference.test_error
        self._points = {point.trial: point for point in points}


_LAST = _LastPoints()


def thinned(points: Sequence[Point], most: int = MAX_DRAWN) -> Sequence[Point]:
    """Return the points to draw: of thousands a share, and whatever is on the front or has a name.

    Which are drawn follows from their trials' numbers, and the share is halved as their number
    doubles: from one more trial to the next the same are drawn.

    Args:
        points: those that there are.
        most: about so many are drawn at most.
    """
    num_halvings = max(0, math.ceil(math.log2(max(1, len(points)) / most)))
    if not num_halvings:
        return points
    below = 2 ** (32 - num_halvings)
    return [
        point
        for point in points
        # Whole numbers spread evenly over those of 32 bits (Knuth's multiplicative hashing).
        if point.trial * 2654435761 % 2**32 < below
        or point.standing is Standing.front
        or point.setting is not None
    ]


def best_of(points: Iterable[Point]) -> Point | None:
    """Return the smallest file within the cap, or None where no trial is feasible.

    Of equally small files the one that lost less is taken, then the earlier one.
    """
    return min(
        (point for point in points if point.standing is not Standing.over_cap),
        key=lambda point: (point.file_bytes, point.accuracy_loss, point.trial),
        default=None,
    )


def objectives_of(point: Point) -> Objectives:
    """Return what a point is ranked by."""
    return Objectives(point.accuracy_loss, point.compression_rate, point.trial)


def _measured(trial: TrialRecord, reference_test_error: float) -> Point | None:
    """Return a complete trial as a point whose standing is yet to be found, else None."""
    if (
        trial.state is not TrialState.complete
        or trial.accuracy_loss is None
        or trial.validation_error is None
        or trial.test_error is None
        or trial.compression_rate is None
        or trial.han_compression_rate is None
        or trial.file_bytes is None
        or trial.nonzero_fraction is None
    ):
        return None
    rates = (trial.compression_rate, trial.han_compression_rate)
    if not all(math.isfinite(rate) and rate > 0 for rate in rates):
        return None
    if not math.isfinite(trial.accuracy_loss) or not math.isfinite(trial.test_error):
        return None
    return Point(
        trial=trial.number,
        method=trial.method,
        student=trial.student,
        setting=trial.setting,
        standing=Standing.over_cap,
        accuracy_loss=trial.accuracy_loss,
        test_accuracy_loss=trial.test_error - reference_test_error,
        validation_error=trial.validation_error,
        test_error=trial.test_error,
        compression_rate=trial.compression_rate,
        han_compression_rate=trial.han_compression_rate,
        file_bytes=trial.file_bytes,
        nonzero_fraction=trial.nonzero_fraction,
        seconds=trial.seconds,
    )
