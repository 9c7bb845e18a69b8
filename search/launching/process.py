"""One worker process: started by a call, watched, told to stop.

Every launcher runs its workers so: in its own process, in an actor of Ray, in a job of Slurm. It
imports the standard library only, because the last two import it, too, and need nothing else.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

_TAIL_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class WorkerCall:
    """What makes a process a worker of a study.

    Attributes:
        words: what follows ``softshare worker``; anybody on the machine can read them.
        environment: variables that it gets beside those of the process that starts it.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ProcessEnd:
    """How a worker process ended.

    Attributes:
        host: the machine it ran on, as that calls itself.
        process_id: its number there.
        code: its exit code; the negative number of the signal that ended it.
        said: the last line of its output.
    """

    host: str
    process_id: int
    code: int
    said: str


class WorkerProcess:
    """A worker process, a session of its own that ends when this process does."""

    def __init__(self, call: WorkerCall, log: BinaryIO) -> None:
        """Start it.

        Args:
            call: what it works on.
            log: where its output goes; a real file, open for reading, too.
        """
        self._log = log
        self._process = subprocess.Popen(
            # -P: what lies in the present folder must not stand in for our packages.
            [sys.executable, "-P", "-m", "search.command_line", "worker", *call.words],
            stdin=subprocess.PIPE,  # it ends when this process does, and the worker with it
            stdout=log,
            stderr=log,
            env={**os.environ, **call.environment},
            start_new_session=True,
        )

    @property
    def host(self) -> str:
        """The machine it runs on, as that calls itself."""
        return socket.gethostname()

    @property
    def process_id(self) -> int:
        """Its number on that machine."""
        return self._process.pid

    def poll(self) -> ProcessEnd | None:
        """Return how it ended, None while it is at work."""
        code = self._process.poll()
        return None if code is None else self._end(code)

    def ask_to_stop(self) -> None:
        """Let it end at its next step and give back what it has; twice is as good as once."""
        self._process.send_signal(signal.SIGUSR1)

    def wait(self, seconds: float | None = None) -> ProcessEnd:
        """Wait until it has ended; kill it after so many seconds, if any are given."""
        try:
            return self._end(self._process.wait(seconds))
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._end(self._process.wait())

    def output_from(self, offset: int) -> bytes:
        """Return what its log holds from a byte on."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), max(0, size - offset), offset)

    def _end(self, code: int) -> ProcessEnd:
        if self._process.stdin is not None:
            self._process.stdin.close()
        size = os.fstat(self._log.fileno()).st_size
        tail = self.output_from(max(0, size - _TAIL_BYTES)).decode(errors="replace")
        lines = tail.strip().splitlines()
        return ProcessEnd(
            host=self.host,
            process_id=self.process_id,
            code=code,
            said=lines[-1].strip() if lines else "it said nothing",
        )
