"""Snapshots of studies that never were, for tests of what reads them."""

from datetime import UTC, datetime, timedelta

from search.records import (
    EpochRecord,
    ReferenceRecord,
    StudyRecord,
    StudySnapshot,
    TrialRecord,
    TrialState,
)

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
REFERENCE = ReferenceRecord(
    validation_error=0.019, test_error=0.0181, num_parameters=266_610, float32_bytes=1_066_440
)


def snapshot(
    *trials: TrialRecord, epochs: tuple[EpochRecord, ...] = (), num_trials: int = 12
) -> StudySnapshot:
    """A study of these trials."""
    study = StudyRecord(
        name="study",
        config={},
        reference=REFERENCE,
        data_fingerprint=None,
        versions={},
        git_revision=None,
        created_at=START,
        num_trials=num_trials,
    )
    return StudySnapshot(study=study, trials=trials, epochs=epochs)


def complete(
    number: int,
    accuracy_loss: float,
    file_bytes: int,
    *,
    seconds: float = 40.0,
    setting: str | None = None,
) -> TrialRecord:
    """A complete trial."""
    return TrialRecord(
        number=number,
        state=TrialState.complete,
        setting=setting,
        params={"retrain.tau": 0.2},
        accuracy_loss=accuracy_loss,
        validation_error=REFERENCE.validation_error + accuracy_loss,
        test_error=REFERENCE.test_error + accuracy_loss,
        compression_rate=REFERENCE.float32_bytes / file_bytes,
        file_bytes=file_bytes,
        han_compression_rate=0.8 * REFERENCE.float32_bytes / file_bytes,
        nonzero_fraction=0.03,
        started_at=START,
        finished_at=START + timedelta(seconds=seconds),
        seconds=seconds,
        artifact_id=f"file-{number}",
    )


def running(number: int, setting: str | None = None) -> TrialRecord:
    """A trial that runs."""
    return TrialRecord(
        number=number, state=TrialState.running, setting=setting, params={}, started_at=START
    )


def epoch(
    trial: int,
    epoch: int,
    num_epochs: int = 24,
    *,
    seconds: float = 10.0,
    validation_error: float = 0.023,
    phase: str = "retrain",
) -> EpochRecord:
    """An epoch of a trial."""
    return EpochRecord(
        trial=trial,
        phase=phase,
        epoch=epoch,
        num_epochs=num_epochs,
        error_loss=0.1,
        complexity_loss=1e5,
        validation_error=validation_error,
        nonzero_fraction=0.05,
        estimated_compression_rate=151.23,
        seconds=seconds,
    )
