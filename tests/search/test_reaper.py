import threading

import optuna
import pytest
from sqlalchemy import update

from search.reading import read_study
from search.reaper import MAX_RETRIES, interrupt, reap
from search.records import TrialState
from search.schema import SlotTable, StudyTable, database_seconds
from search.slots import Slot, SlotState, attach_trial, claim
from search.storage import Storage
from search.study import OpenStudy
from search.trial import run_trial
from tests.search.studies import instant_compress, small_study


def begin(study: OpenStudy, *, lease_seconds: float = 60) -> tuple[Slot, optuna.Trial]:
    """Claim a slot and ask for a trial, as a worker does, and go no further."""
    slot = claim(study.storage, study.study_id, "worker", lease_seconds)
    assert slot is not None
    return slot, study.optuna_study.ask()


def expire_all(storage: Storage) -> None:
    with storage.write() as connection:
        connection.execute(update(SlotTable).values(lease_until=0.0))


def states(study: OpenStudy) -> list[TrialState]:
    return [trial.state for trial in read_study(study.storage, study.name).trials]


def run_next(study: OpenStudy) -> None:
    slot = claim(study.storage, study.study_id, "successor")
    assert slot is not None
    run_trial(study, slot, instant_compress, threading.Event())


def test_the_setting_of_a_dead_worker_is_tried_again(storage: Storage) -> None:
    study = small_study(storage, num_trials=1, settings=["tutorial"])
    slot, trial = begin(study)
    attach_trial(storage, slot, trial.number)
    expire_all(storage)
    reap(study)
    assert states(study) == [TrialState.interrupted]
    run_next(study)
    _, again = read_study(storage, "study").trials
    assert (again.state, again.setting) == (TrialState.complete, "tutorial")
    assert study.count_slots()[SlotState.finished] == 1


def test_a_live_trial_is_left_alone(storage: Storage) -> None:
    study = small_study(storage)
    slot, trial = begin(study)
    attach_trial(storage, slot, trial.number)
    reap(study)
    assert states(study) == [TrialState.running]


def test_a_worker_that_died_after_telling_has_its_trial_counted_once(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)
    slot, trial = begin(study)
    attach_trial(storage, slot, trial.number)
    study.optuna_study.tell(trial, [0.0, 10.0])
    expire_all(storage)
    reap(study)
    assert states(study) == [TrialState.complete]
    assert study.count_slots()[SlotState.finished] == 1


def test_a_worker_that_died_before_asking_leaves_a_free_slot(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)
    assert claim(storage, study.study_id, "worker") is not None
    expire_all(storage)
    reap(study)
    assert study.count_slots()[SlotState.free] == 1


def test_a_worker_that_died_between_asking_and_noting_leaves_nothing_running(
    storage: Storage,
) -> None:
    study = small_study(storage, num_trials=1, settings=["paper"])
    begin(study)
    expire_all(storage)
    reap(study)
    assert states(study) == [TrialState.interrupted]
    run_next(study)
    assert read_study(storage, "study").trials[-1].setting == "paper"


def test_a_live_worker_between_asking_and_noting_is_not_taken_for_dead(storage: Storage) -> None:
    study = small_study(storage)
    slot, trial = begin(study)
    reap(study)
    assert states(study) == [TrialState.running]
    attach_trial(storage, slot, trial.number)
    reap(study)
    assert states(study) == [TrialState.running]


def test_interrupting_twice_enqueues_once(storage: Storage) -> None:
    study = small_study(storage, settings=["tutorial"])
    _, trial = begin(study)
    for _ in range(2):
        assert interrupt(study, trial.number, "twice") is False
    waiting = study.optuna_study.get_trials(states=[optuna.trial.TrialState.WAITING])
    assert len(waiting) == 1


def test_a_finished_trial_is_not_interrupted(storage: Storage) -> None:
    study = small_study(storage)
    _, trial = begin(study)
    study.optuna_study.tell(trial, state=optuna.trial.TrialState.FAIL)
    assert interrupt(study, trial.number, "too late") is True
    assert states(study) == [TrialState.failed]


def test_parameters_that_kill_their_workers_are_given_up(storage: Storage) -> None:
    study = small_study(storage, num_trials=1, settings=["tutorial"])
    for _ in range(MAX_RETRIES + 1):
        slot, trial = begin(study)
        attach_trial(storage, slot, trial.number)
        expire_all(storage)
        reap(study)
    assert len(states(study)) == MAX_RETRIES + 1
    assert study.optuna_study.get_trials(states=[optuna.trial.TrialState.WAITING]) == []


@pytest.mark.parametrize(("until", "reaped"), [(60.0, False), (-1.0, True)])
def test_one_reaper_works_at_a_time_and_a_dead_one_is_replaced(
    storage: Storage, until: float, reaped: bool
) -> None:
    study = small_study(storage)
    slot, trial = begin(study)
    attach_trial(storage, slot, trial.number)
    expire_all(storage)
    with storage.write() as connection:
        connection.execute(update(StudyTable).values(reaper_until=database_seconds() + until))
    reap(study)
    assert (states(study) == [TrialState.interrupted]) is reaped
