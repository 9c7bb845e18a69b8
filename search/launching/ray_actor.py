"""The actor of Ray in which a worker process runs, on whatever machine Ray puts it.

A process of its own, because an actor's code does not run in the main thread, where signals
arrive; so stopping, leases and checkpoints work as they do everywhere.
"""

import tempfile
from dataclasses import dataclass

from search.launching.process import ProcessEnd, WorkerCall, WorkerProcess

_MAX_OUTPUT_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a worker runs.

    Attributes:
        node: the machine, as Ray calls it.
        host: the machine, as it calls itself.
        process_id: the worker's process there.
    """

    node: str
    host: str
    process_id: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an actor tells of its worker.

    Attributes:
        place: where the worker runs or ran; None for an actor that Ray started anew elsewhere
            and that has none yet.
        output: what the worker has written since the last report.
        end: how it ended, None while it is at work.
    """

    place: Place | None
    output: bytes
    end: ProcessEnd | None


class WorkerActor:
    """Holds one worker process; every answer comes at once but that of ``finish``."""

    def __init__(self) -> None:
        self._process: WorkerProcess | None = None
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 open as long as the actor lives
        self._num_reported = 0

    def start(self, call: WorkerCall) -> Report:
        """Start a worker, unless one is at work: Ray may ask twice."""
        if self._process is None or self._process.poll() is not None:
            self._process = WorkerProcess(call, self._log)
        return self.report()

    def report(self) -> Report:
        """Tell how the worker is."""
        import ray  # noqa: PLC0415 optional; an actor runs where it is installed

        if self._process is None:
            return Report(place=None, output=b"", end=None)
        end = self._process.poll()  # before its output, which is then complete
        output = self._process.output_from(self._num_reported)[:_MAX_OUTPUT_BYTES]
        self._num_reported += len(output)
        place = Place(
            node=ray.get_runtime_context().get_node_id(),
            host=self._process.host,
            process_id=self._process.process_id,
        )
        return Report(place=place, output=output, end=end)

    def finish(self, seconds: float, *, is_told: bool) -> Report:
        """Wait for the worker's end, told to stop or not, and end it by force after so long."""
        if self._process is not None:
            if is_told:
                self._process.ask_to_stop()
            self._process.wait(seconds)
        return self.report()
