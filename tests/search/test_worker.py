import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess as Process

import pytest

from search.errors import StorageError, StudyError
from search.reading import read_study
from search.records import StudySnapshot, TrialState
from search.slots import SlotState
from search.storage import Storage, StorageConfig, open_storage
from search.worker import worker_loop, worker_prefix
from tests.postgres import running_server
from tests.search.studies import (
    hang_when_told_to_stop,
    instant_compress,
    signal_worker,
    small_config,
    small_study,
    started,
    workers,
)

PATIENCE_SECONDS = 60


def wait_for(storage: Storage, holds: Callable[[StudySnapshot], bool]) -> StudySnapshot:
    """Wait until something holds of the study ``study``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds(snapshot := read_study(storage, "study")):
        assert time.monotonic() < deadline, snapshot.trials
        time.sleep(0.05)
    return snapshot


def is_training(snapshot: StudySnapshot) -> bool:
    running = {t.number for t in snapshot.trials if t.state is TrialState.running}
    return any(epoch.trial in running for epoch in snapshot.epochs)


def join_all(processes: list[Process]) -> list[int | None]:
    for process in processes:
        process.join(PATIENCE_SECONDS)
    return [process.exitcode for process in processes]


def test_eight_workers_finish_exactly_the_trials_asked_for(
    storage: Storage, storage_url: str
) -> None:
    study = small_study(storage, num_trials=21, settings=["tutorial", "paper"])
    with workers(storage_url, 8) as processes:
        assert join_all(processes) == [0] * 8
    trials = read_study(storage, "study").trials
    assert [trial.state for trial in trials] == [TrialState.complete] * 21
    assert [trial.number for trial in trials] == list(range(21))
    assert sorted(t.setting for t in trials if t.setting) == ["paper", "tutorial"]
    assert len({str(trial.params) for trial in trials}) == 21
    assert study.count_slots()[SlotState.finished] == 21


def test_a_study_that_grew_gets_only_the_rest(storage: Storage, storage_url: str) -> None:
    for num_trials in (2, 5):
        small_study(storage, num_trials=num_trials)
        worker_loop(
            StorageConfig(url=storage_url), "study", small_config(), compress=instant_compress
        )
        assert read_study(storage, "study").num_finished == num_trials
    assert len(read_study(storage, "study").trials) == 5


def test_a_worker_of_a_finished_study_does_nothing(storage: Storage, storage_url: str) -> None:
    small_study(storage, num_trials=1)
    finished = [
        worker_loop(
            StorageConfig(url=storage_url), "study", small_config(), compress=instant_compress
        )
        for _ in range(2)
    ]
    assert finished == [1, 0]


def test_a_killed_worker_is_replaced_and_nothing_counts_twice(
    storage: Storage, storage_url: str
) -> None:
    small_study(storage, num_trials=2, settings=["tutorial"])
    with workers(storage_url, 1, speed="slow", lease_seconds=1) as (victim,):
        wait_for(storage, is_training)
        signal_worker(victim, signal.SIGKILL)
        victim.join()
    # A lease that a busy machine renews in time: only the dead worker's may run out.
    with workers(storage_url, 2, lease_seconds=30) as successors:
        assert join_all(successors) == [0, 0]
    snapshot = read_study(storage, "study")
    assert [trial.state for trial in snapshot.trials] == [
        TrialState.interrupted,
        TrialState.complete,
        TrialState.complete,
    ]
    assert {trial.setting for trial in snapshot.trials[1:]} == {"tutorial", None}
    assert snapshot.num_finished == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_gives_back_what_it_has_and_exits_well(
    storage: Storage, storage_url: str, number: signal.Signals
) -> None:
    study = small_study(storage, num_trials=1, settings=["tutorial"])
    with workers(storage_url, 1, speed="slow") as (worker,):
        wait_for(storage, is_training)
        signal_worker(worker, number)
        worker.join(PATIENCE_SECONDS)
        assert worker.exitcode == 0
    assert study.count_slots()[SlotState.free] == 1
    with workers(storage_url, 1) as successors:
        assert join_all(successors) == [0]
    trials = read_study(storage, "study").trials
    assert [(t.state, t.setting) for t in trials] == [
        (TrialState.interrupted, "tutorial"),
        (TrialState.complete, "tutorial"),
    ]


def test_a_second_signal_ends_a_worker_at_once(sqlite_url: str) -> None:
    storage = open_storage(StorageConfig(url=sqlite_url))
    small_study(storage)
    with workers(sqlite_url, 1, speed="deaf") as (worker,):
        wait_for(storage, is_training)
        for _ in range(2):
            signal_worker(worker, signal.SIGTERM)
            time.sleep(0.2)
        worker.join(PATIENCE_SECONDS)
        assert worker.exitcode == -signal.SIGTERM
    storage.close()


def test_a_scheduler_may_ask_a_worker_to_stop_any_number_of_times() -> None:
    with started((hang_when_told_to_stop, (0.3,))) as (process,):
        time.sleep(0.5)  # as below
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1, signal.SIGTERM):
            signal_worker(process, number)
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0


def test_a_process_that_does_not_notice_ends_well_all_the_same() -> None:
    with started((hang_when_told_to_stop, (0.3,))) as (process,):
        time.sleep(0.5)  # its handler is there; sooner the signal would just kill it
        signal_worker(process, signal.SIGTERM)
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0


def test_a_worker_goes_on_with_its_trial_after_a_restart_of_the_database() -> None:
    with running_server() as server:
        url = server.create_database().render_as_string(hide_password=False)
        storage = open_storage(StorageConfig(url=url))
        small_study(storage, num_trials=1)
        with workers(url, 1, speed="brief", lease_seconds=1) as (worker,):
            wait_for(storage, is_training)
            server.kill()
            time.sleep(1.5)  # longer than the lease
            server.start()
            worker.join(PATIENCE_SECONDS)
            assert worker.exitcode == 0
        snapshot = read_study(storage, "study")
        assert [trial.state for trial in snapshot.trials] == [TrialState.complete]
        # What waited during the outage came after it.
        assert [epoch.epoch for epoch in snapshot.epochs] == list(range(1, 41))
        storage.close()


def test_a_worker_names_what_it_cannot_join(storage: Storage, storage_url: str) -> None:
    with pytest.raises(StudyError, match=r"study\.name must be .*, but got lost"):
        worker_loop(StorageConfig(url=storage_url), "lost", small_config())


def test_a_worker_makes_no_database(tmp_path: object) -> None:
    with pytest.raises(StorageError, match="there is no database"):
        worker_loop(StorageConfig(url=f"sqlite:///{tmp_path}/none.db"), "study", small_config())


def test_the_name_of_a_worker_begins_with_its_host_and_process() -> None:
    host, process, rest = worker_prefix(12).split(":")
    assert host
    assert (process, rest) == ("12", "")
