"""Workers in actors, on a real Ray cluster of two nodes and a real PostgreSQL."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ConfigError
from search.configuration import SoftshareConfig, with_params
from search.launching.opening import open_launcher
from search.launching.ray import Resources, check_room
from search.launching.watching import run_workers
from search.reading import read_study
from search.records import StudySnapshot, TrialState
from search.slots import SlotState
from search.storage import open_storage
from tests.postgres import PASSWORD
from tests.ray_cluster import RayCluster, running_ray
from tests.search.launching.test_local import (
    create,
    has_checkpoint,
    interrupt_a_search,
    local_config,
    parent_of,
    processes_of,
    wait_until_gone,
)
from tests.search.studies import small_config
from tests.search.wholeness import check_whole

BESIDE = "postgresql://softshare@db.example.org/softshare"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with running_ray() as running:
        yield running


def ray_config(folder: Path, url: str, cluster: RayCluster, **changes: object) -> SoftshareConfig:
    config = local_config(folder, url, num_trials=6, num_epochs=20)
    ray = {"launcher": {"kind": "ray", "address": cluster.address, "gpus": 0.5}}
    return with_params(config, {**ray, "study.checkpoint_seconds": 0.2, **changes})


def test_a_study_survives_the_loss_of_a_machine(
    tmp_path: Path, postgres_url: str, cluster: RayCluster, caplog: pytest.LogCaptureFixture
) -> None:
    config = ray_config(tmp_path, postgres_url, cluster)
    storage = open_storage(config.storage)
    create(storage, config)
    lost: list[int] = []
    command_lines: list[bytes] = []

    def lose_the_second_machine(snapshot: StudySnapshot) -> None:
        for process in processes_of(snapshot):
            if (actor := parent_of(process)) is None:  # it has ended since
                continue
            with contextlib.suppress(FileNotFoundError):
                command_lines.append(Path(f"/proc/{process}/cmdline").read_bytes())
            if not lost and parent_of(actor) == cluster.raylet:
                lost.append(process)
                os.kill(actor, signal.SIGSTOP)  # who loses power tells nobody of it
                os.kill(process, signal.SIGKILL)
                cluster.lose_node()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(actor, signal.SIGKILL)

    launcher = open_launcher(config)
    try:
        run_workers(storage, config, launcher, lose_the_second_machine, tick_seconds=0.2)
    finally:
        launcher.close()
    assert len(lost) == 1
    assert "ended with its machine" in caplog.text
    snapshot = check_whole(storage, 6)
    (interrupted,) = [t for t in snapshot.trials if t.state is TrialState.interrupted]
    assert str(interrupted.worker).split(":")[1] == str(lost[0])
    logs = [path.read_text() for path in (tmp_path / "runs" / "study").glob("worker_*.log")]
    assert "finished " in "".join(logs)
    written = [path for path in cluster.folder.rglob("*") if path.is_file()]
    assert written
    for text in (*command_lines, *(path.read_bytes() for path in written)):
        assert PASSWORD.encode() not in text
        assert b"s3cret" not in text
    storage.close()


def test_an_interrupted_search_leaves_nothing_running_on_the_cluster(
    tmp_path: Path, postgres_url: str, cluster: RayCluster
) -> None:
    config = ray_config(
        tmp_path, postgres_url, cluster, **{"workers": 1, "retrain.num_epochs": 2000}
    )
    storage = open_storage(config.storage)
    study = create(storage, config)
    worker, actor = interrupt_a_search(storage, config)
    assert not Path(f"/proc/{worker}").exists()
    wait_until_gone(actor)
    assert [t.state for t in read_study(storage, "study").trials] == [TrialState.interrupted]
    assert study.count_slots()[SlotState.free] == 6
    assert has_checkpoint(storage)
    storage.close()


@pytest.mark.parametrize(
    ("asked", "num_workers", "refused"),
    [
        (Resources(1.0, 0.0), 6, None),
        (Resources(1.0, 0.0), 7, r"launcher.cpus must be .* workers=7 on the 6 processors .* 6 "),
        (Resources(3.0, 0.0), 2, r"launcher.cpus .* got 3, with which 1 find a place"),
        (Resources(0.5, 0.25), 4, None),
        (Resources(0.5, 0.25), 5, r"launcher.gpus must be .* on the 1 GPUs .*; lower it"),
        (Resources(1.0, 2.0), 1, r"launcher.gpus .* got 2, with which 0 find a place"),
    ],
)
def test_workers_that_would_wait_for_ever_are_refused(
    asked: Resources, num_workers: int, refused: str | None
) -> None:
    machines = [Resources(4.0, 1.0), Resources(2.0, 0.0)]
    if refused is None:
        check_room(machines, asked, num_workers, "head:6379")
        return
    with pytest.raises(ConfigError, match=refused) as raised:
        check_room(machines, asked, num_workers, "head:6379")
    assert "\n" not in str(raised.value)


def config_of(kind: str, url: str = BESIDE, **launcher: object) -> SoftshareConfig:
    return small_config({"storage.url": url, "launcher": {"kind": kind, **launcher}})


@pytest.mark.parametrize(
    ("config", "refused"),
    [
        (
            config_of("ray", "sqlite:///a.db"),
            "storage.url must be a PostgreSQL .* with launcher=ray",
        ),
        (
            config_of("ray", address="127.0.0.1:1"),
            "launcher.address .* got 127.0.0.1:1, where none",
        ),
        (config_of("ray", address="ray://head:10001"), "launcher.address must be the HOST:PORT"),
    ],
)
def test_a_mistake_is_one_line(config: SoftshareConfig, refused: str) -> None:
    with pytest.raises(ConfigError, match=refused) as raised:
        open_launcher(config)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("kind", "module"), [("ray", "ray"), ("slurm", "submitit")])
def test_what_is_not_installed_is_named(
    kind: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=rf"but got {kind}; pip install -e '.\[{kind}\]'"):
        open_launcher(config_of(kind))
