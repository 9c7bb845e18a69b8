"""What the verbs that read a study have in common: finding it, judging it, naming its files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from search.composition import overridden_keys
from search.configuration import SoftshareConfig, compose
from search.conversion import build
from search.errors import StudyError
from search.judging import JudgedTrial, best_trial, judge
from search.quantities import percent
from search.reading import read_study
from search.records import StudySnapshot
from search.scoring import ScoreConfig
from search.storage import Storage, open_storage


@dataclass(frozen=True, kw_only=True)
class ReadStudy:
    """A study as a verb reads it.

    Attributes:
        config: this command line's configuration.
        storage: the open database.
        snapshot: the study.
        score_config: the study's own, but for what this command line overrides.
        trials: its complete trials, judged by ``score_config``.
    """

    config: SoftshareConfig
    storage: Storage
    snapshot: StudySnapshot
    score_config: ScoreConfig
    trials: tuple[JudgedTrial, ...]

    @property
    def name(self) -> str:
        """The study's name."""
        return self.snapshot.study.name

    def within(self, max_accuracy_loss: float) -> "ReadStudy":
        """Return it judged by another accuracy cap."""
        score_config = replace(self.score_config, max_accuracy_loss=max_accuracy_loss)
        trials = judge(self.snapshot, score_config)
        return replace(self, score_config=score_config, trials=trials)

    def best(self) -> JudgedTrial:
        """Return the trial with the smallest file within the cap.

        Raises:
            StudyError: there is none.
        """
        best = best_trial(self.trials)
        if best is not None:
            return best
        missing = nothing_within(self.trials, self.score_config.max_accuracy_loss)
        raise StudyError(
            f"study {self.name}: {missing}; raise score.max_accuracy_loss, or study.num_trials "
            "and search on"
        )


def nothing_within(trials: Sequence[JudgedTrial], cap: float) -> str:
    """Return the words for a study without a trial within the cap."""
    losses = [trial.score.accuracy_loss for trial in trials]
    nearest = f"the nearest loses {percent(min(losses))}" if losses else "none is complete"
    return f"no trial yet loses at most {percent(cap)} of accuracy, {nearest}"


def read(overrides: Sequence[str]) -> ReadStudy:
    """Read the study that a command line names.

    Raises:
        SoftshareError: a key is wrong, the database cannot be reached, or the study is not there.
    """
    config = compose(overrides)
    storage = open_storage(config.storage, create=False)
    snapshot = read_study(storage, config.study.name)
    score_config = viewed_score(snapshot.study.config, config, overrides)
    return ReadStudy(
        config=config,
        storage=storage,
        snapshot=snapshot,
        score_config=score_config,
        trials=judge(snapshot, score_config),
    )


def viewed_score(
    stored: dict[str, Any], config: SoftshareConfig, overrides: Sequence[str]
) -> ScoreConfig:
    """Return a study's score with what a command line overrides put in place."""
    named = overridden_keys(overrides)
    if "score" in named:
        return config.score
    own = build(ScoreConfig, stored["score"], "score.")
    fields = [key.removeprefix("score.") for key in named if key.startswith("score.")]
    return replace(own, **{name: getattr(config.score, name) for name in fields})
