"""Workers in jobs, run by submitit's local executor in Slurm's place, on a real PostgreSQL."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from core.errors import ConfigError
from search.configuration import SoftshareConfig, with_params
from search.launching.opening import open_launcher
from search.launching.watching import run_workers
from search.reading import read_study
from search.records import StudySnapshot, TrialState
from search.slots import SlotState
from search.storage import open_storage
from tests.postgres import PASSWORD
from tests.search.launching.test_local import (
    create,
    has_checkpoint,
    interrupt_a_search,
    local_config,
    parent_of,
    process_of,
    wait_until_gone,
)
from tests.search.studies import small_config
from tests.search.wholeness import check_whole


def slurm_config(folder: Path, url: str, num_epochs: int) -> SoftshareConfig:
    config = local_config(folder, url, num_trials=3, num_epochs=num_epochs)
    slurm = {"kind": "slurm", "runner": "local"}
    return with_params(config, {"launcher": slurm, "study.checkpoint_seconds": 0.2})


def test_jobs_whose_time_is_up_or_that_are_killed_go_on(
    tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = slurm_config(tmp_path, postgres_url, num_epochs=20)
    storage = open_storage(config.storage)
    create(storage, config)
    ended: list[int] = []

    def end_two(snapshot: StudySnapshot) -> None:
        worker = process_of(snapshot)
        if worker is None or len(ended) == 2 or worker in ended or not has_checkpoint(storage):
            return
        job = parent_of(worker)
        if job is None:  # it has ended since
            return
        ended.append(worker)
        if len(ended) == 1:
            os.kill(job, signal.SIGUSR2)  # so submitit has Slurm say that time is up
        else:
            os.kill(worker, signal.SIGKILL)

    run_workers(storage, config, open_launcher(config), end_two, tick_seconds=0.2)
    snapshot = check_whole(storage, 3)
    assert len(ended) == 2
    interrupted = [t for t in snapshot.trials if t.state is TrialState.interrupted]
    assert {int(str(t.worker).split(":")[1]) for t in interrupted} == set(ended)
    # Of the first nobody hears: its job was queued again.
    assert caplog.text.count("it is replaced") == 1
    assert "ended by SIGKILL" in caplog.text
    folder = tmp_path / "runs" / "study"
    assert "finished " in "".join(path.read_text() for path in folder.glob("worker_*.log"))
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 4
    for text in written:
        assert PASSWORD.encode() not in text
        assert b"s3cret" not in text
    storage.close()


def test_an_interrupted_search_leaves_no_job(tmp_path: Path, postgres_url: str) -> None:
    config = slurm_config(tmp_path, postgres_url, num_epochs=2000)
    config.workers = 1
    storage = open_storage(config.storage)
    study = create(storage, config)
    worker, job = interrupt_a_search(storage, config)
    wait_until_gone(worker)
    wait_until_gone(job)
    assert [t.state for t in read_study(storage, "study").trials] == [TrialState.interrupted]
    assert study.count_slots()[SlotState.free] == 3
    assert has_checkpoint(storage)
    storage.close()


@pytest.mark.skipif(shutil.which("srun") is not None, reason="here is a Slurm")
def test_a_machine_without_slurm_is_told() -> None:
    url = "postgresql://softshare@db.example.org/softshare"
    config = small_config({"storage.url": url, "launcher": {"kind": "slurm"}})
    with pytest.raises(ConfigError, match="where Slurm's srun is not on the path") as raised:
        open_launcher(config)
    assert "\n" not in str(raised.value)
