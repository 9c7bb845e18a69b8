"""What is stored of a study, as frozen records; ``search.reading`` reads them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.outcome import EpochReport
from search.methods import DEFAULT_METHOD

# Keys of the trials' user attributes.
RECORD = "softshare:record"
ENQUEUED = "softshare:enqueued"
RETRY_OF = "softshare:retry_of"
INTERRUPTED = "softshare:interrupted"
INHERITED_FROM = "softshare:inherited_from"


class TrialState(StrEnum):
    """How far a trial is. All but the running and the interrupted ones count as finished."""

    running = "running"
    complete = "complete"
    stopped = "stopped"
    failed = "failed"
    interrupted = "interrupted"


def trial_state(optuna_state: str, is_interrupted: bool) -> TrialState:
    """Translate Optuna's name of a state; a trial given up in the middle is no failed one."""
    if optuna_state == "FAIL":
        return TrialState.interrupted if is_interrupted else TrialState.failed
    return {
        "RUNNING": TrialState.running,
        "COMPLETE": TrialState.complete,
        "PRUNED": TrialState.stopped,
    }[optuna_state]


@dataclass(frozen=True, kw_only=True)
class StudentRecord:
    """The student of the network that a study compresses; errors are fractions in [0, 1]."""

    validation_error: float
    test_error: float
    num_parameters: int
    artifact_id: str


@dataclass(frozen=True, kw_only=True)
class ReferenceRecord:
    """The network that a study compresses, and its student; errors are fractions in [0, 1]."""

    validation_error: float
    test_error: float
    num_parameters: int
    float32_bytes: int
    student: StudentRecord | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "ReferenceRecord":
        """Read what ``stored`` returned.

        Raises:
            TypeError: it is of another version.
        """
        student = stored.get("student")
        return cls(**{**stored, "student": None if student is None else StudentRecord(**student)})

    def is_of(self, other: "ReferenceRecord") -> bool:
        """Return whether another study compresses the same network, whatever its student."""
        return replace(self, student=None) == replace(other, student=None)

    def has_student_of(self, other: "ReferenceRecord") -> bool:
        """Return whether another study has the same student, wherever that is stored, or none."""
        mine, theirs = self.student, other.student
        if mine is None or theirs is None:
            return mine is theirs
        return replace(mine, artifact_id="") == replace(theirs, artifact_id="")

    def stored(self) -> dict[str, Any]:
        """Return it as a JSON-able tree; without a student as versions that knew none stored it."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """A study as it was created.

    Attributes:
        name: its name in the database.
        config: the stored part of its configuration, as ``search.configuration.to_stored`` made it.
        reference: the network that it compresses.
        data_fingerprint: fingerprint of the data the reference network was trained on.
        versions: version by package, of the process that created it.
        git_revision: commit of this project's working tree then, None outside one.
        created_at: UTC.
        num_trials: trials that are to finish.
    """

    name: str
    config: dict[str, Any]
    reference: ReferenceRecord
    data_fingerprint: str | None
    versions: dict[str, str]
    git_revision: str | None
    created_at: datetime
    num_trials: int


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """A trial that runs or ran. What it has not come to is None.

    Attributes:
        number: its number in the study, from 0.
        state: how far it is.
        method: the method that it compresses with.
        student: name of the student that it compresses, None where it is the network itself.
        setting: name of the enqueued setting it tries, None for a suggested one.
        params: natural values by config key.
        seed: seed of its retraining.
        accuracy_loss: validation error minus the reference network's; may be negative.
        validation_error: of the decoded file's network, a fraction.
        test_error: the same on test data; reported, never selected on.
        compression_rate: float32 bytes of all parameters over bytes of the file.
        file_bytes: bytes of the file with everything inside it.
        han_compression_rate: the paper's accounting, of the weights only.
        nonzero_fraction: share of the clustered weights that are not zero.
        reason: why it was stopped, failed or was interrupted.
        worker: who ran it, as host:process:random.
        started_at: UTC, by the worker's clock.
        finished_at: UTC, by the worker's clock.
        seconds: wall-clock seconds from start to end.
        schedule: fraction of its epochs that the outcome's schedule had (``search.halving``).
        epochs: epochs that were spent on it, over all schedules.
        whole_epochs: epochs of its whole schedule.
        artifact_id: its file in the artifact store.
        trace_artifact_id: its trace there; ``search.traces`` reads it.
        inherited_from: name of the study that ran it, None for this one.
    """

    number: int
    state: TrialState
    method: str = DEFAULT_METHOD
    student: str | None = None
    setting: str | None = None
    params: dict[str, Any]
    seed: int | None = None
    accuracy_loss: float | None = None
    validation_error: float | None = None
    test_error: float | None = None
    compression_rate: float | None = None
    file_bytes: int | None = None
    han_compression_rate: float | None = None
    nonzero_fraction: float | None = None
    reason: str | None = None
    worker: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: float | None = None
    schedule: float | None = None
    epochs: int | None = None
    whole_epochs: int | None = None
    artifact_id: str | None = None
    trace_artifact_id: str | None = None
    inherited_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class EpochRecord(EpochReport):
    """One epoch of a trial's learning curve.

    Attributes:
        trial: number of the trial.
    """

    trial: int


@dataclass(frozen=True, kw_only=True)
class StudySnapshot:
    """A study at one moment.

    Attributes:
        study: what it is.
        trials: by number; those that only wait for a worker are left out.
        epochs: by trial and epoch.
    """

    study: StudyRecord
    trials: tuple[TrialRecord, ...]
    epochs: tuple[EpochRecord, ...]

    @property
    def finished(self) -> tuple[TrialRecord, ...]:
        """Trials that count towards ``study.num_trials``, by number."""
        unfinished = (TrialState.running, TrialState.interrupted)
        return tuple(
            trial
            for trial in self.trials
            if trial.state not in unfinished and trial.inherited_from is None
        )

    @property
    def num_finished(self) -> int:
        """How many those are."""
        return len(self.finished)

    @property
    def compute_saved(self) -> float:
        """Share of the epochs of complete and stopped trials that halving and stopping saved.

        None were saved where every trial has had its whole schedule; below zero, what was tried
        on short schedules cost more than the trials that went no further saved.
        """
        known = [
            (trial.epochs, trial.whole_epochs)
            for trial in self.finished
            if trial.epochs is not None
            and trial.whole_epochs is not None
            and trial.state is not TrialState.failed
        ]
        whole = sum(epochs for _, epochs in known)
        return 1 - sum(epochs for epochs, _ in known) / whole if whole else 0.0
