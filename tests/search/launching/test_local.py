import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from core.codec import decode
from core.compress import compress
from core.runtime import use_one_thread
from search.artifacts import load_artifact
from search.compression import compress_config
from search.configuration import SoftshareConfig, with_params
from search.errors import WorkerError
from search.launching.local import LocalLauncher
from search.launching.watching import run_workers
from search.reading import read_study
from search.records import StudySnapshot, TrialState
from search.schema import CheckpointTable
from search.slots import SlotState
from search.storage import Storage, open_storage
from search.study import OpenStudy, open_study
from tests.data_sets import small_data, small_images, small_reference, write_idx_folder
from tests.postgres import PASSWORD
from tests.search.studies import launch, signal_worker, small_config, started
from tests.search.test_worker import PATIENCE_SECONDS, wait_for


def local_config(folder: Path, url: str, num_trials: int, num_epochs: int = 2) -> SoftshareConfig:
    """A study of real compressions of the small problem; what local workers need is in files."""
    return small_config(
        {
            "data": {
                "source": "idx",
                "dir": str(write_idx_folder(folder / "it's data", small_images())),
                "num_validation": 500,
            },
            "retrain.num_epochs": num_epochs,
            "retrain.stop_hopeless": False,
            "post_processing.fine_tuning_epochs": 1,
            "storage.url": url,
            "runs_dir": str(folder / "runs"),
            "cache_dir": str(folder / "cache"),
            "workers": 2,
        },
        num_trials=num_trials,
    )


def create(storage: Storage, config: SoftshareConfig) -> OpenStudy:
    return open_study(storage, config, small_reference(), data_fingerprint=small_data().fingerprint)


def processes_of(snapshot: StudySnapshot) -> list[int]:
    """Return the processes that train."""
    trained = {epoch.trial for epoch in snapshot.epochs}
    return [
        int(trial.worker.split(":")[1])
        for trial in snapshot.trials
        if trial.state is TrialState.running and trial.number in trained and trial.worker
    ]


def process_of(snapshot: StudySnapshot) -> int | None:
    """Return a process that trains, once one does."""
    return next(iter(processes_of(snapshot)), None)


def parent_of(process: int) -> int | None:
    """Return the process that started another; None if that has ended."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def interrupt_a_search(storage: Storage, config: SoftshareConfig) -> tuple[int, int]:
    """Interrupt a search once a worker of it trains; return that worker and what started it."""
    with started((launch, (config,))) as (launcher,):
        wait_for(storage, lambda snapshot: process_of(snapshot) is not None)
        worker = process_of(read_study(storage, "study"))
        assert worker is not None
        parent = parent_of(worker)
        assert parent is not None
        signal_worker(launcher, signal.SIGINT)
        launcher.join(PATIENCE_SECONDS)
        assert launcher.exitcode is not None
    return worker, parent


def wait_until_gone(process: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_local_workers_finish_a_study_of_real_compressions(
    tmp_path: Path, postgres_url: str
) -> None:
    config = local_config(tmp_path, postgres_url, num_trials=2)
    storage = open_storage(config.storage)
    create(storage, config)
    seen: list[int] = []
    command_lines: list[bytes] = []

    def on_tick(snapshot: StudySnapshot) -> None:
        seen.append(snapshot.num_finished)
        if (process := process_of(snapshot)) is not None:
            command_lines.append(Path(f"/proc/{process}/cmdline").read_bytes())

    run_workers(storage, config, LocalLauncher(), on_tick, tick_seconds=0.2)
    snapshot = read_study(storage, "study")
    assert (seen[0], seen[-1]) == (0, 2)
    assert [trial.state for trial in snapshot.trials] == [TrialState.complete] * 2
    for trial in snapshot.trials:
        assert trial.artifact_id is not None
        file = load_artifact(create(storage, config).artifacts, trial.artifact_id)
        assert len(file) == trial.file_bytes
        assert decode(file).network_name == "lenet_300_100"
        assert len([e for e in snapshot.epochs if e.trial == trial.number]) == 3
    logs = (tmp_path / "runs" / "study").glob("worker_*.log")
    for text in (*command_lines, *(log.read_bytes() for log in logs)):
        assert PASSWORD.encode() not in text
        assert b"s3cret" not in text
    storage.close()


def has_checkpoint(storage: Storage) -> bool:
    with storage.read() as connection:
        return connection.execute(select(CheckpointTable.origin)).first() is not None


def test_a_trial_whose_worker_is_killed_goes_on_in_another_and_ends_with_the_same_file(
    tmp_path: Path, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = local_config(tmp_path, sqlite_url, num_trials=1, num_epochs=12)
    config.study.checkpoint_seconds = 0.2
    storage = open_storage(config.storage)
    study = create(storage, config)
    killed: list[int] = []

    def kill_once(snapshot: StudySnapshot) -> None:
        process = process_of(snapshot)
        if process is not None and not killed and has_checkpoint(storage):
            killed.append(process)
            os.kill(process, signal.SIGKILL)

    run_workers(storage, config, LocalLauncher(), kill_once, tick_seconds=0.2)
    assert len(killed) == 1
    assert "ended by SIGKILL" in caplog.text
    killed_trial, trial = read_study(storage, "study").trials
    assert (killed_trial.state, trial.state) == (TrialState.interrupted, TrialState.complete)
    assert not has_checkpoint(storage)
    use_one_thread()
    same = with_params(study.config, {"retrain.seed": trial.seed, **trial.params})
    undisturbed = compress(small_reference(), small_data(), compress_config(same))
    assert trial.artifact_id is not None
    assert load_artifact(study.artifacts, trial.artifact_id) == undisturbed.file
    assert study.count_slots()[SlotState.finished] == 1
    storage.close()


def test_a_search_that_is_terminated_stops_its_workers_first(
    tmp_path: Path, sqlite_url: str
) -> None:
    config = local_config(tmp_path, sqlite_url, num_trials=1, num_epochs=2000)
    storage = open_storage(config.storage)
    study = create(storage, config)
    processes: list[int] = []

    def interrupt(snapshot: StudySnapshot) -> None:
        process = process_of(snapshot)
        if process is not None:
            processes.append(process)
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        run_workers(storage, config, LocalLauncher(), interrupt, tick_seconds=0.2)
    assert not Path(f"/proc/{processes[0]}").exists()
    assert [t.state for t in read_study(storage, "study").trials] == [TrialState.interrupted]
    assert study.count_slots()[SlotState.free] == 1
    assert has_checkpoint(storage)
    waiting = study.optuna_study.get_trials(deepcopy=False)
    assert [trial.state.name for trial in waiting] == ["FAIL", "WAITING"]
    storage.close()


def test_workers_end_when_their_launcher_is_killed(tmp_path: Path, sqlite_url: str) -> None:
    config = local_config(tmp_path, sqlite_url, num_trials=1, num_epochs=2000)
    storage = open_storage(config.storage)
    study = create(storage, config)
    with started((launch, (config,))) as (launcher,):
        wait_for(storage, lambda snapshot: process_of(snapshot) is not None)
        worker = process_of(read_study(storage, "study"))
        signal_worker(launcher, signal.SIGKILL)
        wait_for(storage, lambda snapshot: process_of(snapshot) is None)
    assert worker is not None
    wait_until_gone(worker)
    assert study.count_slots()[SlotState.free] == 1
    assert has_checkpoint(storage)
    storage.close()


def test_a_mistake_of_the_user_ends_the_workers_with_its_line(
    tmp_path: Path, sqlite_url: str
) -> None:
    config = local_config(tmp_path, sqlite_url, num_trials=1)
    storage = open_storage(config.storage)
    create(storage, config)
    assert config.data.dir is not None
    shutil.rmtree(config.data.dir)
    with pytest.raises(WorkerError, match="it's data") as raised:
        run_workers(storage, config, LocalLauncher(), lambda _snapshot: None)
    assert "\n" not in str(raised.value)
    assert not str(raised.value).startswith("softshare:")
    storage.close()


def test_nothing_is_started_for_a_finished_study(tmp_path: Path, sqlite_url: str) -> None:
    config = small_config(
        {"storage.url": sqlite_url, "runs_dir": str(tmp_path / "runs")}, num_trials=1
    )
    storage = open_storage(config.storage)
    study = open_study(storage, config, small_reference())
    study.optuna_study.tell(study.optuna_study.ask(), [0.0, 1.0])
    ticks: list[StudySnapshot] = []
    run_workers(storage, config, LocalLauncher(), ticks.append)
    assert len(ticks) == 1
    assert list((tmp_path / "runs").glob("**/*.log")) == []
    storage.close()
