"""Local workers of ``softshare search``: one process each, watched, restarted and stopped.

Each worker is a session of its own, so that Ctrl-C reaches this process alone, which then stops
them in order. The address of the database goes to them by environment variable: a command line
can be read by everybody on the machine.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from search.composition import as_override
from search.configuration import SoftshareConfig
from search.errors import WorkerError
from search.outages import Patience
from search.reaper import reap
from search.records import StudySnapshot, read_study
from search.slots import expire_leases_of
from search.storage import Storage
from search.study import OpenStudy, join_study
from search.worker import LAUNCHED, worker_prefix

MAX_RESTARTS = 3
"""How often each worker that dies is replaced."""

STOPPING_SECONDS = 10.0
TICK_SECONDS = 1.0

_URL_VARIABLE = "SOFTSHARE_STORAGE_URL"
_USER_ERROR = 2  # the command line's exit code for what a user can mend
_FINISHING_SECONDS = 60.0

_logger = logging.getLogger(__name__)

OnTick = Callable[[StudySnapshot], None]


def run_local_workers(
    storage: Storage,
    config: SoftshareConfig,
    on_tick: OnTick,
    *,
    tick_seconds: float = TICK_SECONDS,
) -> None:
    """Run ``config.workers`` processes on the study until all its trials have finished.

    Their output goes to ``worker_N.log`` in the study's folder under ``runs_dir``.

    Args:
        storage: the open database of ``config``.
        config: names the study, which must be there, and this machine's places.
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
    workers = [LocalWorker(i + 1, study) for i in range(min(config.workers, num_left))]
    with _interrupted_by_signals(), _stopped_at_the_end(workers):
        for worker in workers:
            worker.start()
        while tick() > 0:
            at_work = [worker.watch() for worker in workers]
            if not any(at_work) and tick() > 0:
                raise WorkerError(
                    f"all workers of study {study.name} were stopped from outside; what is "
                    "finished is kept, and the same command goes on"
                )
            time.sleep(tick_seconds)
        for worker in workers:
            worker.wait(_FINISHING_SECONDS)


@dataclass
class LocalWorker:
    """A worker process of this machine and those that replace it when it dies.

    Attributes:
        number: from 1, for people.
        study: what it works on.
        process: the present one.
        num_restarts: how many were replaced.
    """

    number: int
    study: OpenStudy
    process: subprocess.Popen[bytes] | None = None
    num_restarts: int = 0

    @property
    def log(self) -> Path:
        """Where its output goes."""
        config = self.study.config
        return config.study_folder / f"worker_{self.number}.log"

    def start(self) -> None:
        """Start a process."""
        config = self.study.config
        words = [as_override("study.name", config.study.name)]
        words += [f"storage.url=${{oc.env:{_URL_VARIABLE}}}"]
        words += [as_override("study.checkpoint_seconds", config.study.checkpoint_seconds)]
        words += [as_override("device", config.device.value)]
        words += [as_override("cache_dir", str(config.cache_dir.absolute()))]
        if config.data.dir is not None:
            words += [as_override("data.dir", str(Path(config.data.dir).absolute()))]
        environment = {
            **os.environ,
            _URL_VARIABLE: config.storage.url,
            LAUNCHED: "1",
            **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
        }
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                # -P: what lies in the present folder must not stand in for our packages.
                [sys.executable, "-P", "-m", "search.command_line", "worker", *words],
                stdin=subprocess.PIPE,  # it ends when this process does, and the worker with it
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def watch(self) -> bool:
        """Replace the process if it has died; return whether one is at work.

        Raises:
            WorkerError: it ended by a mistake of the user's, or has been replaced too often.
        """
        if self.process is None or (code := self.process.poll()) is None:
            return self.process is not None
        expire_leases_of(self.study.storage, self.study.study_id, worker_prefix(self.process.pid))
        self._forget()
        if code == 0:
            return False
        said = self._last_line()
        if code == _USER_ERROR:
            raise WorkerError(said.removeprefix("softshare: "))
        ended = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        died = f"worker {self.number} ended {ended}: {said}"
        if self.num_restarts == MAX_RESTARTS:
            raise WorkerError(f"{died}; it was replaced {MAX_RESTARTS} times; see {self.log}")
        _logger.warning("%s; it is replaced", died)
        self.num_restarts += 1
        self.start()
        return True

    def ask_to_stop(self) -> None:
        """Let it end at its next epoch and give back what it has."""
        if self.process is not None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, and kill it after so many seconds."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._forget()

    def _forget(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"


@contextlib.contextmanager
def _stopped_at_the_end(workers: list[LocalWorker]) -> Iterator[None]:
    try:
        yield
    finally:
        for worker in workers:
            worker.ask_to_stop()
        deadline = time.monotonic() + STOPPING_SECONDS
        try:
            for worker in workers:
                worker.wait(deadline - time.monotonic())
        except KeyboardInterrupt:  # a second time: at once
            for worker in workers:
                worker.wait(0)
            raise


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
