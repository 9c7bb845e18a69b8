"""Watches the workers of a search, wherever they run: replaces, counts, shows and stops them."""

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from search.configuration import SoftshareConfig
from search.errors import WorkerError
from search.launching.launcher import Cause, LaunchedWorker, Launcher
from search.outages import Patience
from search.reading import read_study
from search.reaper import reap
from search.records import StudySnapshot
from search.slots import expire_leases_of
from search.storage import Storage
from search.study import OpenStudy, join_study

MAX_RESTARTS = 3
"""How often each worker that dies is replaced."""

STOPPING_SECONDS = 10.0
TICK_SECONDS = 1.0

_FINISHING_SECONDS = 60.0

_logger = logging.getLogger(__name__)

OnTick = Callable[[StudySnapshot], None]


def run_workers(
    storage: Storage,
    config: SoftshareConfig,
    launcher: Launcher[Any],
    on_tick: OnTick,
    *,
    tick_seconds: float = TICK_SECONDS,
) -> None:
    """Run ``config.workers`` workers on the study until all its trials have finished.

    Their output goes to ``worker_N.log`` in the study's folder under ``runs_dir``.

    Args:
        storage: the open database of ``config``.
        config: names the study, which must be there, and this machine's places.
        launcher: where they run.
        on_tick: takes the study as it is, now and then and once at the end; of learning curves
            only those of running trials.
        tick_seconds: how often.

    Raises:
        KeyboardInterrupt: on Ctrl-C, SIGTERM or a closed terminal, after the workers have stopped
            and given back what they had.
        WorkerError: the workers cannot go on; the message says why and where to read more.
        StudyError: there is no such study.
    """
    study = join_study(storage, config.study.name, config)
    patiently = Patience()
    patiently(lambda: reap(study))

    def tick() -> int:
        snapshot = patiently(lambda: read_study(storage, study.name, only_running_epochs=True))
        on_tick(snapshot)
        return snapshot.study.num_trials - snapshot.num_finished

    num_left = tick()
    if num_left <= 0:
        return
    workers = launcher.prepare(study.config, min(config.workers, num_left))
    watched = [WatchedWorker(i + 1, study, launcher, worker) for i, worker in enumerate(workers)]
    with _interrupted_by_signals(), _stopped_at_the_end(workers):
        launcher.start(workers)
        while tick() > 0:
            at_work = [worker.watch() for worker in watched]
            if not any(at_work) and tick() > 0:
                raise WorkerError(
                    f"all workers of study {study.name} were stopped from outside; what is "
                    "finished is kept, and the same command goes on"
                )
            time.sleep(tick_seconds)
        _wait_for(workers, _FINISHING_SECONDS)


@dataclass
class WatchedWorker:
    """A worker whose place is filled again when it ends before its time.

    Attributes:
        number: from 1, for people.
        study: what it works on.
        launcher: what starts it and those after it.
        worker: itself.
        num_restarts: how often it died and was replaced.
        is_at_work: whether its place is filled.
    """

    number: int
    study: OpenStudy
    launcher: Launcher[Any]
    worker: LaunchedWorker
    num_restarts: int = 0
    is_at_work: bool = True

    def watch(self) -> bool:
        """Replace the worker if it has died or was displaced; return whether one is at work.

        Raises:
            WorkerError: it ended by a mistake of the user's, or has been replaced too often.
        """
        if not self.is_at_work or (ended := self.worker.poll()) is None:
            return self.is_at_work
        prefix = ended.prefix
        if prefix is not None:
            Patience()(lambda: expire_leases_of(self.study.storage, self.study.study_id, prefix))
        self.is_at_work = False
        if ended.cause is Cause.stopped:
            return False
        if ended.cause is Cause.refused:
            raise WorkerError(ended.said.removeprefix("softshare: "))
        told = f"worker {self.number} ended {ended.how}: {ended.said}"
        if ended.cause is Cause.died:
            if self.num_restarts == MAX_RESTARTS:
                raise WorkerError(
                    f"{told}; it was replaced {MAX_RESTARTS} times; see {self.worker.log}"
                )
            self.num_restarts += 1
        _logger.warning("%s; it is replaced", told)
        self.launcher.start([self.worker])
        self.is_at_work = True
        return True


@contextlib.contextmanager
def _stopped_at_the_end(workers: Sequence[LaunchedWorker]) -> Iterator[None]:
    try:
        yield
    finally:
        for worker in workers:
            worker.ask_to_stop()
        try:
            _wait_for(workers, STOPPING_SECONDS)
        except KeyboardInterrupt:  # a second time: at once
            for worker in workers:
                worker.wait(0)
            raise


def _wait_for(workers: Sequence[LaunchedWorker], seconds: float) -> None:
    """Wait so long for all of them together."""
    deadline = time.monotonic() + seconds
    for worker in workers:
        worker.wait(max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end this process as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
