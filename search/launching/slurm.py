"""Workers as jobs of Slurm, by submitit: an array of jobs, queued again when their time is up.

The jobs outlive this process if it is killed: they go on until the study is done.
"""

import importlib
import logging
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import ConfigError, require
from search.configuration import SoftshareConfig
from search.launching.call import call_elsewhere, secret_variables
from search.launching.config import LauncherConfig
from search.launching.launcher import Cause, Ended, log_of
from search.launching.process import ProcessEnd
from search.launching.slurm_job import WorkerJob

_SIGNAL_SECONDS = 60  # before its time is up a job is told; it stops within ten
_MAX_TIMEOUTS = 100_000  # a job may be queued again as long as trials are left
_LOOK_SECONDS = 0.5
_STATE_SECONDS = 60.0  # how old what Slurm said of a job without a result may be
_QUEUED = ("PENDING", "REQUEUED")
_LOST = ("NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "TIMEOUT", "REVOKED", "DEADLINE")
"""States of a job that ended for no fault of its own, as ``sacct`` names them."""


class SlurmLauncher:
    """Submits jobs."""

    def __init__(self, config: LauncherConfig, folder: Path) -> None:
        """Find Slurm.

        Args:
            config: what each job is given.
            folder: the study's folder, where all machines see it; the jobs' files go below.

        Raises:
            ConfigError: submitit or Slurm is not installed, or a parameter is refused.
        """
        self._submitit = _import_submitit()
        runner = config.runner.name
        try:
            self._executor = self._submitit.AutoExecutor(
                folder.absolute() / "jobs",
                cluster=runner,
                **{f"{runner}_max_num_timeout": _MAX_TIMEOUTS},
            )
        except RuntimeError:
            raise ConfigError(
                "launcher must be local or ray where Slurm's srun is not on the path, but got "
                "slurm; run this on a login node, or try it with launcher.runner=local"
            ) from None
        self._executor.update_parameters(
            name="softshare",
            timeout_min=config.minutes,
            cpus_per_task=int(config.cpus),
            gpus_per_node=int(config.gpus) or None,
            mem_gb=config.memory_gb,
            slurm_partition=config.partition,
            slurm_signal_delay_s=_SIGNAL_SECONDS,
            slurm_additional_parameters=dict(config.additional),
            stderr_to_stdout=True,
        )
        self._secrets: Mapping[str, str] = {}
        self._asked_at = time.monotonic()

    def prepare(self, config: SoftshareConfig, num_workers: int) -> Sequence["SlurmWorker"]:
        """Return workers that are not started yet."""
        self._secrets = secret_variables(config)
        call = call_elsewhere(config)
        logs = [log_of(config, i + 1) for i in range(num_workers)]
        return [SlurmWorker(self, WorkerJob(call, log)) for log in logs]

    def start(self, workers: Sequence["SlurmWorker"]) -> None:
        """Submit their jobs as one array.

        Raises:
            ConfigError: Slurm refuses them.
        """
        try:
            with _environment(self._secrets):
                jobs = self._executor.submit_array([worker.work for worker in workers])
        except (self._submitit.core.utils.FailedJobError, subprocess.CalledProcessError) as error:
            said = " ".join(str(error).split())
            require(False, "launcher", "what Slurm accepts", said, "see `sinfo` and docs/slurm.md")
        for worker, job in zip(workers, jobs, strict=True):
            worker.job = job

    def result(self, job: Any) -> tuple[ProcessEnd, bool] | None:
        """Return what an ended job left, if anything."""
        try:
            result: tuple[ProcessEnd, bool] = job.result()
        except self._submitit.core.utils.UncompletedJobError:  # a failed one is of this kind, too
            return None
        return result

    def is_time_to_ask(self) -> bool:
        """Return whether Slurm is to be asked for the states, which it tells of all jobs at once.

        Left alone, submitit asks every ten minutes, so that Slurm is not overrun.
        """
        is_time = time.monotonic() - self._asked_at > _STATE_SECONDS
        if is_time:
            self._asked_at = time.monotonic()
        return is_time

    def close(self) -> None:
        """Do nothing: the jobs are all there was."""


class SlurmWorker:
    """A worker in a job, and those that take its place.

    Attributes:
        work: what its jobs run.
        job: the present one, submitit's.
    """

    def __init__(self, launcher: SlurmLauncher, work: WorkerJob) -> None:
        self.work = work
        self.job: Any = None
        self._launcher = launcher

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        return self.work.log

    def poll(self) -> Ended | None:
        """Return how its job ended; None while it runs or waits in a queue."""
        if self.job is None or not self.job.done(force_check=self._launcher.is_time_to_ask()):
            return None
        job, self.job = self.job, None
        result = self._launcher.result(job)
        if result is None:
            return _without_result(job.state.upper(), job.stdout() or "")
        return _with_result(*result)

    def ask_to_stop(self) -> None:
        """Cancel its job, which tells its worker to end."""
        if self.job is not None and not self.job.done():
            self.job.cancel(check=False)

    def wait(self, seconds: float) -> None:
        """Wait until the job has ended, unless it has not begun; Slurm itself ends it by force."""
        deadline = time.monotonic() + seconds
        while self.job is not None and not self.job.done(force_check=True):
            if time.monotonic() > deadline or self.job.state.upper().startswith(_QUEUED):
                self.job.cancel(check=False)
                break
            time.sleep(_LOOK_SECONDS)
        self.job = None


def _with_result(end: ProcessEnd, is_told: bool) -> Ended:
    ended = Ended.of_process(end)
    if is_told and ended.cause is not Cause.refused:
        return Ended(
            cause=Cause.displaced, how="as Slurm told it", said=ended.said, prefix=ended.prefix
        )
    return ended


def _without_result(state: str, output: str) -> Ended:
    """Return what the state and the output of a job say that left no result."""
    cause = Cause.died
    if state.startswith("CANCELLED"):
        cause = Cause.stopped
    elif state.startswith(_LOST):
        cause = Cause.displaced
    lines = output.strip().splitlines() or ["it said nothing"]
    return Ended(cause=cause, how=f"with its job {state}", said=lines[-1].strip())


def _import_submitit() -> Any:
    try:
        submitit = importlib.import_module("submitit")
    except ImportError as error:
        raise ConfigError(
            "launcher must be local or ray where submitit is not installed, but got slurm; "
            "pip install -e '.[slurm]'"
        ) from error
    logging.getLogger("submitit").setLevel(logging.ERROR)
    return submitit


@contextmanager
def _environment(secrets: Mapping[str, str]) -> Iterator[None]:
    """Let the jobs submitted in this block find variables that must not be in a file.

    Slurm hands a job the environment of who submits it.
    """
    # What lies in the folder that a job starts in must not stand in for our packages.
    own = {**secrets, "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
