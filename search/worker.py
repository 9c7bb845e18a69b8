"""A worker: claims slots of a study and runs their trials until the study is done or it is stopped.

Our own loop on Optuna's ask and tell, because ``study.optimize`` overshoots its number of trials
and leaves trials running for ever when a worker dies (design §5).
"""

import contextlib
import math
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType

import core.compress
from core.factories import find_factory
from core.outcome import CompressionOutcome
from core.reference import describe_network
from core.runtime import use_one_thread
from core.student import describe_student
from search.checkpoints import Watch, remove_checkpoints
from search.climbing import Compress
from search.compression import compress_config, start_of
from search.configuration import SoftshareConfig
from search.database_errors import unreachable
from search.delivery import deliver_left
from search.errors import StorageError, StudyError
from search.inputs import load_inputs
from search.outages import OUTAGES, Patience, is_outage
from search.reaper import reap
from search.records import TrialState
from search.slots import LEASE_SECONDS, Slot, SlotState, claim
from search.storage import StorageConfig, open_storage
from search.study import OpenStudy, join_study
from search.trial import run_trial

POLL_SECONDS = 1.0
"""How often a worker looks for a slot while others hold the last ones."""

STOPPING_SECONDS = 9.0
"""How long a process that is told to stop may take to give back what it has."""

LAUNCHED = "SOFTSHARE_LAUNCHED"
"""Environment variable of workers whose input ends with their launcher."""

_REAPINGS_PER_LEASE = 4


def worker_loop(
    storage_config: StorageConfig,
    study_name: str,
    local: SoftshareConfig,
    *,
    compress: Compress | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> int:
    """Join a study and work on it; return how many trials this worker finished.

    SIGTERM and SIGINT end it at the next step of its trial, with a checkpoint stored and the slot
    given back, or after ``STOPPING_SECONDS`` without; a second one ends it at once. SIGUSR1 and
    SIGUSR2, by which launchers and schedulers ask, may come any number of times.

    Args:
        storage_config: the database.
        study_name: a study there.
        local: this machine's places (data, cache); all else comes from the study.
        compress: does the work of a trial; by default the study's reference network or its
            student, fetched from the database, is compressed.
        lease_seconds: how long a slot stays this worker's without a sign of life.

    Raises:
        StorageError: the database cannot be reached, or stayed away for too long.
        StudyError: there is no such study, or this machine's data are not the study's.
    """
    use_one_thread()
    with contextlib.ExitStack() as at_the_end:
        stop = at_the_end.enter_context(stop_on_signals())
        patiently = Patience(stop)
        try:
            storage = patiently(lambda: open_storage(storage_config, create=False))
            at_the_end.callback(storage.close)
            study = patiently(lambda: join_study(storage, study_name, local))
            work = compress or patiently(lambda: study_compress(study))
            return Worker(study, work, stop, lease_seconds).run()
        except OUTAGES as error:
            if not is_outage(error):
                raise
            if stop.is_set():
                return 0
            if isinstance(error, StorageError):
                raise
            raise unreachable(storage_config.parsed, error) from error


@dataclass
class Worker:
    """One process at work on one study.

    Attributes:
        study: the study.
        compress: does the work of a trial.
        stop: set when the process is to stop.
        lease_seconds: how long a slot stays this worker's without a sign of life.
        name: host, process and a random part.
    """

    study: OpenStudy
    compress: Compress
    stop: threading.Event
    lease_seconds: float = LEASE_SECONDS
    name: str = field(default_factory=lambda: f"{worker_prefix(os.getpid())}{secrets.token_hex(4)}")
    _reaped_at: float = field(default=-math.inf, init=False)

    def run(self) -> int:
        """Run trials until all slots are finished or ``stop`` is set; return how many finished."""
        patiently = Patience(self.stop)
        num_finished = 0
        while not self.stop.is_set():
            deliver_left(self.study, patiently)
            patiently(self._reap_now_and_then)
            slot = patiently(self._claim)
            if slot is not None:
                ended = run_trial(self.study, slot, self.compress, self.stop)
                num_finished += ended not in (None, TrialState.interrupted)
            elif patiently(self._is_done):
                patiently(lambda: reap(self.study))
                patiently(lambda: remove_checkpoints(self.study))
                break
            else:
                self.stop.wait(POLL_SECONDS)
        return num_finished

    def _claim(self) -> Slot | None:
        return claim(self.study.storage, self.study.study_id, self.name, self.lease_seconds)

    def _reap_now_and_then(self) -> None:
        # A lease that runs out is noticed within a fraction of its length, at little cost.
        if time.monotonic() - self._reaped_at >= self.lease_seconds / _REAPINGS_PER_LEASE:
            reap(self.study)
            self._reaped_at = time.monotonic()

    def _is_done(self) -> bool:
        counts = self.study.count_slots()
        return counts[SlotState.finished] == sum(counts.values())


def worker_prefix(process_id: int, host: str | None = None) -> str:
    """Return how the name of a worker begins that is a process of a machine, by default this."""
    return f"{host or socket.gethostname()}:{process_id}:"


def study_compress(study: OpenStudy) -> Compress:
    """Return what compresses a study's reference network or its student, fetched from its database.

    Raises:
        StudyError: the data on this machine are not those of the study.
        ConfigError: the study names a factory that this machine does not allow.
        DataError: the data cannot be loaded.
        ArtifactError: the reference network is missing or damaged.
    """
    config = study.config
    for group in ("model", "student"):  # what is refused is refused before any data is loaded
        if (factory := getattr(config, group).factory) is not None:
            find_factory(factory, f"{group}.factory", config.code)
    data = load_inputs(config)
    if study.data_fingerprint not in (None, data.fingerprint):
        raise StudyError(
            f"study {study.name} needs data with the fingerprint {study.data_fingerprint}, but "
            f"those of data.source={study.config.data.source.name} here have {data.fingerprint}; "
            "set data.dir to the folder with the study's data"
        )
    reference = study.load_reference(describe_network(config.model, data, config.code))
    student = None
    if study.reference.student is not None:
        student = study.load_student(describe_student(config.student, data, config.code))

    def compress_either(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        started, teacher = start_of(config, reference, student)
        settings = compress_config(config)
        return core.compress.compress(started, data, settings, watch, watch, teacher)

    return compress_either


def stop_with_launcher() -> None:
    """Ask this process to stop when the one that started it is gone, however it died.

    Its input is a pipe that the other holds open and never writes to.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(sys.stdin.fileno(), 1)
        os.kill(os.getpid(), signal.SIGUSR1)  # its launcher may have asked it before

    threading.Thread(target=wait, name="launcher", daemon=True).start()


@contextlib.contextmanager
def stop_on_signals(seconds: float = STOPPING_SECONDS) -> Iterator[threading.Event]:
    """Set an event at the first SIGTERM or SIGINT; a second one ends the process at once.

    SIGUSR1 and SIGUSR2 set it too and never do more: what a scheduler sends to a job may reach a
    worker directly and by its launcher. A process that is still there after so many seconds ends:
    nothing finished is lost, and its lease runs out by itself.
    """
    stop = threading.Event()
    last_moment = threading.Timer(seconds, os._exit, (0,))
    last_moment.daemon = True
    urgent = (signal.SIGTERM, signal.SIGINT)
    gentle = (signal.SIGUSR1, signal.SIGUSR2)

    def request_stop(number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            last_moment.start()
        stop.set()
        if number in urgent:
            for each in urgent:
                signal.signal(each, signal.SIG_DFL)

    before = {number: signal.signal(number, request_stop) for number in (*urgent, *gentle)}
    try:
        yield stop
    finally:
        last_moment.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
