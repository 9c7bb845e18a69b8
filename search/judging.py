"""Which trials of a study make its Pareto front, and which of them suits a budget best."""

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
