"""Workers as processes of this machine.

Each is a session of its own, so that Ctrl-C reaches the launcher alone, which then stops them in
order.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from search.configuration import SoftshareConfig
from search.launching.call import call_here
from search.launching.launcher import Ended, log_of
from search.launching.process import WorkerCall, WorkerProcess


class LocalWorker:
    """A worker process of this machine and those that take its place."""

    def __init__(self, call: WorkerCall, log: Path) -> None:
        self._call = call
        self._log = log
        self._output: BinaryIO | None = None
        self._process: WorkerProcess | None = None

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        return self._log

    def start(self) -> None:
        """Start a process."""
        self._output = self._log.open("a+b")
        self._process = WorkerProcess(self._call, self._output)

    def poll(self) -> Ended | None:
        """Return how the process ended, None while it is at work."""
        end = None if self._process is None else self._process.poll()
        if end is None:
            return None
        self._forget()
        return Ended.of_process(end)

    def ask_to_stop(self) -> None:
        """Let it end at its next step and give back what it has."""
        if self._process is not None:
            self._process.ask_to_stop()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, and kill it after so many seconds."""
        if self._process is not None:
            self._process.wait(seconds)
            self._forget()

    def _forget(self) -> None:
        self._process = None
        if self._output is not None:
            self._output.close()


class LocalLauncher:
    """Starts processes."""

    def prepare(self, config: SoftshareConfig, num_workers: int) -> Sequence[LocalWorker]:
        """Return workers that are not started yet."""
        call = call_here(config)
        return [LocalWorker(call, log_of(config, i + 1)) for i in range(num_workers)]

    def start(self, workers: Sequence[LocalWorker]) -> None:
        """Start their processes."""
        for worker in workers:
            worker.start()

    def close(self) -> None:
        """Do nothing: the processes are all there was."""
