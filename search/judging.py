"""Which trials of a study make its Pareto front, and which of them is the best."""

from collections.abc import Iterable
from dataclasses import dataclass

from search.pareto import Objectives, pareto_front
from search.records import StudySnapshot, TrialRecord, TrialState
from search.scoring import Score, ScoreConfig, score


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
