"""What a job of Slurm runs: one worker process, stopped as its scheduler asks.

Slurm sends SIGTERM to a job that it cancels or that must make room, and submitit has it send a
signal some time before a job's time is up, then calls ``checkpoint`` and queues the job again.
"""

import signal
import threading
import time
from pathlib import Path
from types import FrameType

from search.launching.process import ProcessEnd, WorkerCall, WorkerProcess

STOPPING_SECONDS = 10.0
_GLANCE_SECONDS = 0.1


class WorkerJob:
    """A job; it is stored in a file, so that nothing secret may be in it."""

    def __init__(self, call: WorkerCall, log: Path) -> None:
        self.call = call
        self.log = log
        self._process: WorkerProcess | None = None
        self._end: ProcessEnd | None = None
        self._is_told = False

    def __call__(self) -> tuple[ProcessEnd, bool]:
        """Run the worker to its end; return how it ended, and whether it was told to."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        with self.log.open("a+b") as log:
            self._process = process = WorkerProcess(self.call, log)
            # The waiting is a thread's and the looking takes no lock: signals interrupt it.
            threading.Thread(target=self._wait, args=(process,), daemon=True).start()
            if self._is_told:  # it was, before there was a process
                process.ask_to_stop()
            while self._end is None:
                time.sleep(_GLANCE_SECONDS)
        return self._end, self._is_told

    def checkpoint(self) -> object:
        """Stop the worker, which stores its trial, and return what the next job does: the same."""
        from submitit.helpers import DelayedSubmission  # noqa: PLC0415 optional; a job has it

        self._stop()
        deadline = time.monotonic() + STOPPING_SECONDS
        while self._end is None and time.monotonic() < deadline:
            time.sleep(_GLANCE_SECONDS)
        return DelayedSubmission(WorkerJob(self.call, self.log))

    def _stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        self._is_told = True
        if self._process is not None:
            self._process.ask_to_stop()

    def _wait(self, process: WorkerProcess) -> None:
        self._end = process.wait()
