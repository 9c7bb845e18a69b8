import threading

import pytest
from sqlalchemy import event

from core.outcome import CompressionOutcome, OnEpoch
from search.configuration import SoftshareConfig
from search.errors import StudyError
from search.reading import read_study
from search.records import TrialState, trial_state
from search.slots import claim
from search.storage import Storage
from search.study import OpenStudy
from search.trial import run_trial
from tests.search.studies import instant_compress, report, small_study


def run_trials(study: OpenStudy, num_trials: int) -> None:
    for _ in range(num_trials):
        slot = claim(study.storage, study.study_id, "worker")
        assert slot is not None
        run_trial(study, slot, instant_compress, threading.Event())


def count_queries(storage: Storage, name: str) -> int:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(storage.engine, "before_cursor_execute", count)
    read_study(storage, name)
    event.remove(storage.engine, "before_cursor_execute", count)
    return len(statements)


def test_a_study_is_read_in_as_many_queries_with_many_trials_as_with_none(
    storage: Storage,
) -> None:
    study = small_study(storage, num_trials=12)
    before = count_queries(storage, "study")
    run_trials(study, 12)
    assert count_queries(storage, "study") == before == 3


def test_a_missing_study_is_told_with_those_there(storage: Storage) -> None:
    small_study(storage, {"study.name": "one"})
    small_study(storage, {"study.name": "another"})
    with pytest.raises(StudyError, match=r"but got lost; the studies there are another, one;"):
        read_study(storage, "lost")


def test_waiting_settings_are_no_trials_yet(storage: Storage) -> None:
    small_study(storage, settings=["tutorial"])
    assert read_study(storage, "study").trials == ()


def test_times_are_utc_and_in_order(storage: Storage) -> None:
    study = small_study(storage)
    run_trials(study, 1)
    snapshot = read_study(storage, "study")
    (trial,) = snapshot.trials
    assert trial.started_at is not None
    assert trial.finished_at is not None
    assert trial.started_at.tzinfo is not None
    assert trial.seconds == (trial.finished_at - trial.started_at).total_seconds() >= 0
    # Both clocks are this machine's here; a time zone taken for another would be hours off.
    assert abs((trial.started_at - snapshot.study.created_at).total_seconds()) < 3000


def test_a_running_trial_is_read_with_what_is_known(storage: Storage) -> None:
    study = small_study(storage, settings=["paper"])
    slot = claim(storage, study.study_id, "host:1:a")
    assert slot is not None

    def compress(config: SoftshareConfig, on_epoch: OnEpoch) -> CompressionOutcome:
        on_epoch(report(1))
        snapshot = read_study(storage, "study")
        (trial,) = snapshot.trials
        assert (trial.state, trial.setting, trial.worker) == (
            TrialState.running,
            "paper",
            "host:1:a",
        )
        assert trial.params["retrain.tau"] == config.retrain.tau
        assert (trial.accuracy_loss, trial.finished_at, trial.artifact_id) == (None, None, None)
        assert snapshot.num_finished == 0
        return instant_compress(config, on_epoch)

    assert run_trial(study, slot, compress, threading.Event()) is TrialState.complete


@pytest.mark.parametrize(
    ("optuna_state", "is_interrupted", "state"),
    [
        ("RUNNING", False, TrialState.running),
        ("RUNNING", True, TrialState.running),  # marked, not yet told
        ("COMPLETE", False, TrialState.complete),
        ("COMPLETE", True, TrialState.complete),  # its worker was faster
        ("PRUNED", False, TrialState.stopped),
        ("FAIL", False, TrialState.failed),
        ("FAIL", True, TrialState.interrupted),
    ],
)
def test_a_trial_given_up_in_the_middle_is_no_failed_one(
    optuna_state: str, is_interrupted: bool, state: TrialState
) -> None:
    assert trial_state(optuna_state, is_interrupted) is state
