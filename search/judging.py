"""Which trials of a study make its Pareto front, by method too, and which suits a budget best."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.pareto import Objectives, pareto_front
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import ROUNDING, Score, ScoreConfig, score


@dataclass(frozen=True, kw_only=True)
class JudgedTrial:
    """A complete trial and its score.

    Attributes:
        record: what is stored of it.
        score: how it is judged.
    """

    record: TrialRecord
    score: Score

    @property
    def objectives(self) -> Objectives:
        """What it competes by."""
        return Objectives(self.score.accuracy_loss, self.score.compression_rate, self.record.number)


def judge(snapshot: StudySnapshot, config: ScoreConfig) -> tuple[JudgedTrial, ...]:
    """Return the complete trials of a study with their scores, by trial number."""
    complete = [trial for trial in snapshot.trials if trial.state is TrialState.complete]
    return tuple(JudgedTrial(record=trial, score=score(trial, config)) for trial in complete)


def feasible_front(trials: Iterable[JudgedTrial]) -> list[JudgedTrial]:
    """Return the Pareto front among the trials within the cap, by growing accuracy loss.

    Trials beyond the cap stay out: a collapsed network compresses better than any other.
    """
    feasible = [trial for trial in trials if trial.score.feasible]
    return pareto_front(feasible, lambda trial: trial.objectives)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What the trials of a method took.

    Attributes:
        num_finished: those that have ended and count, stopped and failed ones included.
        seconds: their wall-clock seconds, as far as they were stored.
        epochs: passes over the training data that they took, over all schedules.
    """

    num_finished: int
    seconds: float
    epochs: int


def efforts(snapshot: StudySnapshot) -> dict[str, Effort]:
    """Return what each method took that a study has trials of, by its name."""
    found = {}
    for method in dict.fromkeys(trial.method for trial in snapshot.trials):
        finished = [trial for trial in snapshot.finished if trial.method == method]
        found[method] = Effort(
            num_finished=len(finished),
            seconds=sum(trial.seconds or 0.0 for trial in finished),
            epochs=sum(trial.epochs or 0 for trial in finished),
        )
    return found


@dataclass(frozen=True, kw_only=True)
class MethodStanding:
    """How far one method of a study has come.

    Attributes:
        method: its name.
        effort: what it took.
        front: the front of its own trials within the cap, by growing accuracy loss.
        best: its smallest file within the cap, None where there is none.
        num_on_front: how many of its trials are on the front of all methods.
    """

    method: str
    effort: Effort
    front: tuple[JudgedTrial, ...]
    best: JudgedTrial | None
    num_on_front: int


def standings(snapshot: StudySnapshot, trials: Sequence[JudgedTrial]) -> tuple[MethodStanding, ...]:
    """Return how far the methods of a study have come, the smallest file first.

    Args:
        snapshot: the study.
        trials: its complete trials, judged.
    """
    joint = {trial.record.number for trial in feasible_front(trials)}
    found = []
    for method, effort in efforts(snapshot).items():
        own = [trial for trial in trials if trial.record.method == method]
        found.append(
            MethodStanding(
                method=method,
                effort=effort,
                front=tuple(feasible_front(own)),
                best=best_trial(own),
                num_on_front=sum(trial.record.number in joint for trial in own),
            )
        )

    def place(standing: MethodStanding) -> tuple[float, str]:
        smallest = math.inf if standing.best is None else standing.best.score.file_bytes
        return smallest, standing.method

    return tuple(sorted(found, key=place))


def best_trial(trials: Iterable[JudgedTrial]) -> JudgedTrial | None:
    """Return the trial with the smallest file within the cap, None where none is within it.

    Of equally small files the more accurate is taken, then the earlier.
    """
    return min(
        (trial for trial in trials if trial.score.feasible),
        key=lambda t: (t.score.file_bytes, t.score.accuracy_loss, t.record.number),
        default=None,
    )


def most_accurate_trial(trials: Iterable[JudgedTrial], max_bytes: int) -> JudgedTrial | None:
    """Return the trial that loses least accuracy in so many bytes, None where none is so small.

    The accuracy cap plays no part. Of equally accurate files the smaller is taken.
    """
    return min(
        (trial for trial in trials if trial.score.file_bytes <= max_bytes),
        key=lambda t: (t.score.accuracy_loss, t.score.file_bytes, t.record.number),
        default=None,
    )


def knee_trial(front: Sequence[JudgedTrial]) -> JudgedTrial | None:
    """Return the knee of a Pareto front: where more compression begins to cost more accuracy.

    It is the point farthest above the line between the front's ends, once the logarithm of the
    rate and the accuracy loss both go from 0 to 1 between them (Satopää et al. 2011, "Finding a
    'kneedle' in a haystack", §3). Where no point lies above it, the highest scalar score decides.

    Args:
        front: by growing accuracy loss and compression rate, as ``feasible_front`` gives it.
    """
    if not front:
        return None
    first, last = front[0].score, front[-1].score
    whole_gain = math.log(last.compression_rate / first.compression_rate) or 1.0
    whole_cost = last.accuracy_loss - first.accuracy_loss or 1.0

    def above(trial: JudgedTrial) -> float:
        gain = math.log(trial.score.compression_rate / first.compression_rate) / whole_gain
        return gain - (trial.score.accuracy_loss - first.accuracy_loss) / whole_cost

    highest = max(map(above, front))
    if highest > ROUNDING:
        return max(front, key=above)
    return max(front, key=lambda trial: trial.score.scalar)
