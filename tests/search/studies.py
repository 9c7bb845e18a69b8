"""Studies, and processes at work on them, that the tests of the search share."""

import datetime
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import ForkServerProcess as Process
from multiprocessing.synchronize import Barrier
from unittest.mock import patch

import optuna
import torch

from core.networks import build_network
from core.outcome import CompressionOutcome, EpochReport, OnEpoch
from core.reference import ReferenceNetwork
from search.checkpoints import Watch
from search.climbing import Compress
from search.configuration import SoftshareConfig, compose, with_params
from search.launching.opening import open_launcher
from search.launching.watching import run_workers
from search.records import TrialState
from search.slots import claim
from search.storage import Storage, StorageConfig, open_storage
from search.study import OpenStudy, open_study
from search.trial import run_trial
from search.worker import stop_on_signals, worker_loop

# One process imports everything once; workers are forked from it within milliseconds.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.search.studies"])


@cache
def untrained_reference() -> ReferenceNetwork:
    """A network that nobody trained, for trials that do not look at it."""
    torch.manual_seed(0)
    network = build_network("lenet_300_100")
    return ReferenceNetwork(
        network_name="lenet_300_100",
        state=dict(network.state_dict()),
        validation_error=0.02,
        test_error=0.03,
        num_parameters=sum(p.numel() for p in network.parameters()),
    )


def small_config(
    changes: Mapping[str, object] | None = None,
    *,
    num_trials: int = 3,
    settings: Sequence[str] = (),
) -> SoftshareConfig:
    """The default configuration with the values of dotted keys changed; its study is ``study``."""
    own = {"study.name": "study", "study.num_trials": num_trials, "study.settings": [*settings]}
    return with_params(_default_config(), {**own, **(changes or {})})


@cache
def _default_config() -> SoftshareConfig:
    return compose()


def small_study(
    storage: Storage,
    changes: Mapping[str, object] | None = None,
    *,
    num_trials: int = 3,
    settings: Sequence[str] = (),
) -> OpenStudy:
    """The study ``study`` of an untrained network, created if need be."""
    config = small_config(changes, num_trials=num_trials, settings=settings)
    return open_study(storage, config, untrained_reference())


def run_one(
    study: OpenStudy, compress: Compress, stop: threading.Event | None = None
) -> TrialState | None:
    """Run one trial of a study in this process."""
    slot = claim(study.storage, study.study_id, "host:1:a")
    assert slot is not None
    return run_trial(study, slot, compress, stop or threading.Event())


def report(epoch: int, num_epochs: int = 2) -> EpochReport:
    """One epoch of a retraining that never was."""
    return EpochReport(
        phase="retrain",
        epoch=epoch,
        num_epochs=num_epochs,
        error_loss=1 / epoch,
        complexity_loss=-2.5e5,
        validation_error=0.1,
        nonzero_fraction=0.5,
        estimated_compression_rate=10.0,
        seconds=float(epoch),
    )


def instant_outcome(accuracy_loss: float = 0.001, file: bytes = b"file") -> CompressionOutcome:
    """What a compression to ``file`` might have come to."""
    return CompressionOutcome(
        file=file,
        validation_error=0.02 + accuracy_loss,
        test_error=0.03 + accuracy_loss,
        accuracy_loss=accuracy_loss,
        float32_bytes=1_066_440,
        compression_rate=1_066_440 / len(file),
        han_compression_rate=90.0,
        nonzero_fraction=0.03,
        layers=(),
        seconds=0.5,
    )


def instant_compress(config: SoftshareConfig, on_epoch: OnEpoch) -> CompressionOutcome:
    """Stand for a compression: two epochs and an outcome that depends on the trial, at once."""
    on_epoch(report(1))
    on_epoch(report(2))
    return instant_outcome(config.retrain.tau / 1000, b"x" * config.prior.num_components)


def slow_compress(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
    """Stand for a compression of a minute, in epochs of a twentieth of a second."""
    return _compress_in_epochs(1200, watch)


def brief_compress(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
    """Stand for a compression of two seconds, in epochs of a twentieth of a second."""
    return _compress_in_epochs(40, watch)


def deaf_compress(config: SoftshareConfig, on_epoch: OnEpoch) -> CompressionOutcome:
    """Stand for a compression with an epoch that does not end."""
    on_epoch(report(1))
    while True:
        time.sleep(0.05)


def _compress_in_epochs(num_epochs: int, watch: Watch) -> CompressionOutcome:
    """Go on from a checkpoint, which is the number of epochs that are over."""
    done = 0 if watch.last is None else int(watch.last)
    for epoch in range(done + 1, num_epochs + 1):
        if watch.due():
            watch.keep(str(epoch - 1).encode())
        watch(report(epoch, num_epochs))
        time.sleep(0.05)
    return instant_outcome()


SPEEDS = {
    "instant": instant_compress,
    "brief": brief_compress,
    "slow": slow_compress,
    "deaf": deaf_compress,
}


def work(url: str, local: SoftshareConfig, speed: str, lease_seconds: float) -> None:
    """Be a worker of the study ``study``."""
    compress = SPEEDS[speed]
    worker_loop(
        StorageConfig(url=url), "study", local, compress=compress, lease_seconds=lease_seconds
    )


STAGES = {
    "asked for": ("search.trial", "attach_trial"),
    "noted": ("search.trial", "TrialWatch"),
    "computed": ("search.delivery", "_store_files"),
    "stored": ("search.delivery", "_note"),
    "recorded": ("search.delivery", "_end"),
    "told": ("search.delivery", "finish"),
}
"""How far a trial is, and what the worker would call next."""


def die(
    url: str, local: SoftshareConfig, stage: str, lease_seconds: float, together: Barrier
) -> None:
    """Be a worker of the study ``study`` that is killed when its first trial is so far.

    Those that die together wait for each other: who starts late takes nothing over from the dead.
    """

    def kill(*_: object) -> None:
        together.wait(60)
        os.kill(os.getpid(), signal.SIGKILL)

    module, name = STAGES[stage]
    with patch(f"{module}.{name}", kill):  # which must be there
        work(url, local, "instant", lease_seconds)


def dying_together(num_processes: int) -> Barrier:
    """Return what so many processes of ``die`` wait for each other at."""
    return _PROCESSES.Barrier(num_processes)


def work_with_skewed_clock(url: str, local: SoftshareConfig, seconds: float) -> None:
    """Be a worker of the study ``study`` on a machine whose clock is wrong."""

    class Skewed(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Skewed":
            right = datetime.datetime.now(tz)
            wrong = right + datetime.timedelta(seconds=seconds)
            return cls.fromtimestamp(wrong.timestamp(), tz)

    rightly = time.time
    time.time = lambda: rightly() + seconds
    optuna.storages._rdb.storage.datetime = Skewed
    work(url, local, "brief", 30.0)


def work_on_a_full_disk(url: str, local: SoftshareConfig) -> None:
    """Be a worker of the study ``study`` whose files may have but one byte."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    work(url, local, "instant", 30.0)


def create_and_work(url: str, local: SoftshareConfig) -> None:
    """Be a worker of a study that is created if need be, in a database that is made if need be."""
    open_one(url, local)
    work(url, local, "instant", 60.0)


def launch(config: SoftshareConfig) -> None:
    """Run the workers of a study."""
    launcher = open_launcher(config)
    storage = open_storage(config.storage)
    run_workers(storage, config, launcher, lambda _snapshot: None, tick_seconds=0.2)


def hang_when_told_to_stop(seconds: float) -> None:
    """Be a process that does not notice that it is to stop."""
    with stop_on_signals(seconds) as stop:
        stop.wait()
        time.sleep(60)


def open_and_close(url: str) -> None:
    """Open a database, with its tables made if need be."""
    open_storage(StorageConfig(url=url)).close()


def open_one(url: str, config: SoftshareConfig) -> None:
    """Open the study of a configuration, created if need be."""
    storage = open_storage(StorageConfig(url=url))
    open_study(storage, config, untrained_reference())
    storage.close()


@contextmanager
def started(*calls: tuple[Callable[..., None], tuple[object, ...]]) -> Iterator[list[Process]]:
    """Run each call in a process of its own; whoever is left at the end of the block is killed."""
    processes = [_PROCESSES.Process(target=function, args=args) for function, args in calls]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
            process.join()


@contextmanager
def workers(
    url: str,
    num_workers: int,
    *,
    speed: str = "instant",
    lease_seconds: float = 60.0,
    local: SoftshareConfig | None = None,
) -> Iterator[list[Process]]:
    """Run workers of the study ``study``; whoever is left at the end of the block is killed."""
    call = (work, (url, local or small_config(), speed, lease_seconds))
    with started(*[call] * num_workers) as processes:
        yield processes


def signal_worker(process: Process, number: int) -> None:
    """Send a signal to a worker process."""
    assert process.pid is not None
    os.kill(process.pid, number)
