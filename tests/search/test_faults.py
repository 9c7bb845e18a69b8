"""Whatever is killed, cut off or full: exactly the trials asked for, each once, and all readable.

Real processes and a real PostgreSQL. What a worker does in a trial takes no time here, or as long
as the fault needs: compressions that are killed are in ``launching``.
"""

import resource
import signal
import time
from pathlib import Path

from sqlalchemy import update

from search.configuration import SoftshareConfig
from search.reading import read_study
from search.records import TrialState
from search.schema import SlotTable
from search.spool import spool_folder
from search.storage import Storage, StorageConfig, open_storage
from tests.postgres import PostgresServer, running_server
from tests.proxy import running_proxy
from tests.search.studies import (
    STAGES,
    create_and_work,
    die,
    dying_together,
    signal_worker,
    small_config,
    small_study,
    started,
    work_on_a_full_disk,
    work_with_skewed_clock,
    workers,
)
from tests.search.test_worker import PATIENCE_SECONDS, is_training, join_all, wait_for
from tests.search.wholeness import check_whole


def local_config(folder: Path) -> SoftshareConfig:
    """What the workers of one machine share: its folder."""
    return small_config({"cache_dir": str(folder / "cache")})


def postgres_storage(url: str) -> Storage:
    return open_storage(StorageConfig(url=url))


def end_leases(storage: Storage) -> None:
    """Let every lease be over, as if its time had passed."""
    with storage.write() as connection:
        connection.execute(update(SlotTable).values(lease_until=0.0))


def test_workers_killed_at_every_stage_of_a_trial(postgres_url: str, tmp_path: Path) -> None:
    storage, local = postgres_storage(postgres_url), local_config(tmp_path)
    small_study(storage, num_trials=len(STAGES) + 1, settings=["tutorial", "paper"])
    together = dying_together(len(STAGES))
    with started(
        *[(die, (postgres_url, local, stage, 600.0, together)) for stage in STAGES]
    ) as victims:
        assert join_all(victims) == [-signal.SIGKILL] * len(STAGES)
    end_leases(storage)
    with workers(postgres_url, 2, lease_seconds=30, local=local) as successors:
        assert join_all(successors) == [0, 0]
    snapshot = check_whole(storage, len(STAGES) + 1)
    # What was computed is not computed again.
    workers_of = {t.worker.split(":")[1] for t in snapshot.trials if t.worker is not None}
    computed = [str(v.pid) for v, stage in zip(victims, STAGES, strict=True) if is_late(stage)]
    complete = [t for t in snapshot.trials if t.state is TrialState.complete]
    assert set(computed) <= {t.worker.split(":")[1] for t in complete if t.worker} <= workers_of
    assert not list((tmp_path / "cache").rglob("*.json"))
    storage.close()


def is_late(stage: str) -> bool:
    """Whether the outcome of a trial is there at a stage."""
    return stage in ("computed", "stored", "recorded", "told")


def test_the_server_is_killed_and_restarted_under_four_workers(tmp_path: Path) -> None:
    with running_server() as server:
        url = server.create_database().render_as_string(hide_password=False)
        storage = postgres_storage(url)
        small_study(storage, num_trials=6)
        local = local_config(tmp_path)
        with workers(url, 4, speed="brief", lease_seconds=1, local=local) as processes:
            wait_for(storage, is_training)
            server.kill_hard()
            time.sleep(1.5)  # longer than a lease
            server.start()
            assert join_all(processes) == [0] * 4
        check_whole(storage, 6)
        storage.close()


def test_a_worker_cut_off_for_longer_than_its_lease_and_its_successor_both_finish(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.create_database()
    direct = url.render_as_string(hide_password=False)
    storage = postgres_storage(direct)
    small_study(storage, num_trials=1)
    with running_proxy(postgres.port) as proxy:
        cut = url.set(port=proxy.port).render_as_string(hide_password=False)
        first, second = local_config(tmp_path / "first"), local_config(tmp_path / "second")
        with workers(cut, 1, speed="brief", lease_seconds=1, local=first) as (lost,):
            wait_for(storage, is_training)
            proxy.cut()
            time.sleep(1.2)  # longer than its lease
            with workers(direct, 1, speed="brief", lease_seconds=30, local=second) as (successor,):
                wait_for(storage, lambda snapshot: len(snapshot.trials) == 2)
                proxy.mend()
                assert join_all([lost, successor]) == [0, 0]
    snapshot = check_whole(storage, 1)
    assert [t.state for t in snapshot.trials] == [TrialState.interrupted, TrialState.complete]
    storage.close()


def test_workers_whose_clocks_are_an_hour_wrong(postgres_url: str, tmp_path: Path) -> None:
    storage, local = postgres_storage(postgres_url), local_config(tmp_path)
    small_study(storage, num_trials=3)
    skews = (-3600.0, 3600.0, 0.0)
    calls = [(work_with_skewed_clock, (postgres_url, local, skew)) for skew in skews]
    with started(*calls) as processes:
        assert join_all(processes) == [0] * 3
    snapshot = check_whole(storage, 3)
    # Nobody's lease of half a minute was taken for one that had run out.
    assert len(snapshot.trials) == 3
    storage.close()


def test_a_full_disk_is_waited_for(postgres_url: str, tmp_path: Path) -> None:
    storage = postgres_storage(postgres_url)
    place = (tmp_path / "artifacts").as_uri()
    small_study(storage, {"storage": {"artifacts": place}}, num_trials=1)
    local = local_config(tmp_path)
    with started((work_on_a_full_disk, (postgres_url, local))) as (worker,):
        wait_for(storage, is_training)
        time.sleep(1)
        assert read_study(storage, "study").num_finished == 0
        assert worker.pid is not None
        resource.prlimit(
            worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        assert join_all([worker]) == [0]
    snapshot = check_whole(storage, 1)
    assert len(snapshot.trials) == 1
    storage.close()


def test_sixteen_workers_start_at_once_on_an_empty_database(
    postgres_url: str, tmp_path: Path
) -> None:
    config = small_config({"cache_dir": str(tmp_path)}, num_trials=20, settings=["tutorial"])
    with started(*[(create_and_work, (postgres_url, config))] * 16) as processes:
        assert join_all(processes) == [0] * 16
    storage = postgres_storage(postgres_url)
    snapshot = check_whole(storage, 20)
    assert [trial.setting for trial in snapshot.trials].count("tutorial") == 1
    storage.close()


def spooled(local: SoftshareConfig, storage: Storage) -> list[Path]:
    study = read_study(storage, "study").study
    created_at = study.created_at.timestamp()
    folder = spool_folder(local.cache_dir, "study", created_at)
    return list(folder.parent.glob("*/*.json"))


def test_what_is_finished_while_the_database_is_away_outlives_its_worker(tmp_path: Path) -> None:
    local = local_config(tmp_path)
    with running_server() as server:
        url = server.create_database().render_as_string(hide_password=False)
        storage = postgres_storage(url)
        small_study(storage, num_trials=1)
        with workers(url, 1, speed="brief", lease_seconds=30, local=local) as (worker,):
            wait_for(storage, is_training)
            server.kill()
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not list((tmp_path / "cache").rglob("*.json")):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            asked_at = time.monotonic()
            signal_worker(worker, signal.SIGTERM)
            worker.join(PATIENCE_SECONDS)
            assert worker.exitcode == 0
            assert time.monotonic() - asked_at < 30  # ten, on a machine that does nothing else
            name = f":{worker.pid}:"
        server.start()
        with workers(url, 1, speed="deaf", lease_seconds=30, local=local) as (successor,):
            assert join_all([successor]) == [0]
        snapshot = check_whole(storage, 1)
        assert len(snapshot.trials) == 1
        assert snapshot.trials[0].worker is not None
        assert name in snapshot.trials[0].worker
        assert spooled(local, storage) == []
        storage.close()


def test_a_worker_told_to_stop_without_a_database_stops(tmp_path: Path) -> None:
    with running_server() as server:
        url = server.create_database().render_as_string(hide_password=False)
        storage = postgres_storage(url)
        small_study(storage, num_trials=1)
        local = local_config(tmp_path)
        with workers(url, 1, speed="slow", lease_seconds=1, local=local) as (worker,):
            wait_for(storage, is_training)
            server.kill()
            asked_at = time.monotonic()
            signal_worker(worker, signal.SIGINT)
            worker.join(PATIENCE_SECONDS)
            assert worker.exitcode == 0
            assert time.monotonic() - asked_at < 30
        storage.close()


def test_a_worker_waits_for_a_database_that_is_not_up_yet(tmp_path: Path) -> None:
    with running_server() as server:
        url = server.create_database().render_as_string(hide_password=False)
        storage = postgres_storage(url)
        small_study(storage, num_trials=1)
        server.stop()
        with workers(url, 1, local=local_config(tmp_path)) as (worker,):
            time.sleep(1)
            assert worker.is_alive()
            server.start()
            assert join_all([worker]) == [0]
        check_whole(storage, 1)
        storage.close()
