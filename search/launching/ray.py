"""Workers as actors of a Ray cluster, which gives each a machine, its processors and its GPUs.

Moritz et al., Ray: a distributed framework for emerging AI applications, OSDI 2018. An actor whose
machine is lost is started anew elsewhere by Ray; the watching then starts a worker in it.
"""

import contextlib
import importlib
import logging
import math
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import ConfigError, require
from search.configuration import SoftshareConfig
from search.launching.call import call_elsewhere, secret_variables
from search.launching.config import LauncherConfig
from search.launching.launcher import Cause, Ended, log_of
from search.launching.process import WorkerCall
from search.launching.ray_actor import Place, Report, WorkerActor
from search.worker import worker_prefix

_THIS_CLUSTER = "auto"  # Ray's name of the cluster that this machine belongs to
_PROBE_SECONDS = 5.0
_SILENCE_SECONDS = 2.0  # an actor answers at once, unless it is gone
_STOPPING_SECONDS = 10.0


@dataclass(frozen=True)
class Resources:
    """What a machine has, or what a worker is given: processors and GPUs."""

    cpus: float
    gpus: float

    def places_for(self, worker: "Resources") -> int:
        """Return how many workers have room on a machine."""
        by_cpus = math.floor(self.cpus / worker.cpus)
        return min(by_cpus, math.floor(self.gpus / worker.gpus)) if worker.gpus else by_cpus


class RayLauncher:
    """Starts actors on a cluster that runs already."""

    def __init__(self, config: LauncherConfig, num_workers: int) -> None:
        """Connect to the cluster.

        Raises:
            ConfigError: Ray is not installed, no cluster answers, or it has no room.
        """
        self._ray = _import_ray()
        self._worker = Resources(config.cpus, config.gpus)
        address = _connect(self._ray, config.address)
        try:
            check_room(_machines(self._ray), self._worker, num_workers, address)
        except ConfigError:
            self.close()
            raise

    def prepare(self, config: SoftshareConfig, num_workers: int) -> Sequence["RayWorker"]:
        """Return workers that are not started yet."""
        call = call_elsewhere(config)
        # Not with the actor's creation, which the cluster's head keeps, but by a call that goes
        # from this process straight to the actor.
        call = replace(call, environment={**call.environment, **secret_variables(config)})
        return [
            RayWorker(self._ray, self._worker, call, log_of(config, i + 1))
            for i in range(num_workers)
        ]

    def start(self, workers: Sequence["RayWorker"]) -> None:
        """Ask for actors, and for a worker in each as soon as it has a place."""
        for worker in workers:
            worker.start()

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()


class RayWorker:
    """A worker in an actor, and those that take its place."""

    def __init__(self, ray: Any, resources: Resources, call: WorkerCall, log: Path) -> None:
        self._ray = ray
        self._resources = resources
        self._call = call
        self._log = log
        self._actor: Any = None
        self._answer: Any = None  # the next one to come
        self._asked_at = 0.0
        self._place: Place | None = None
        self._is_finishing = False

    @property
    def log(self) -> Path:
        """The file on this machine that its output is brought to."""
        return self._log

    def start(self) -> None:
        """Start a worker in the actor, which is made at the first time."""
        if self._actor is None:
            self._actor = (
                self._ray.remote(WorkerActor)
                .options(
                    num_cpus=self._resources.cpus,
                    num_gpus=self._resources.gpus,
                    # A lost machine is no fault of the worker's; its own deaths are counted by
                    # who watches it.
                    max_restarts=-1,
                    max_task_retries=-1,
                    scheduling_strategy="SPREAD",
                )
                .remote()
            )
        self._expect(self._actor.start.remote(self._call))

    def poll(self) -> Ended | None:
        """Return how the worker ended; None while it is at work or waits for a place."""
        if self._actor is None:
            return None
        if not self._has_answered():
            is_silent = time.monotonic() - self._asked_at > _SILENCE_SECONDS
            return self._lost() if self._place is not None and is_silent else None
        try:
            report: Report = self._ray.get(self._answer)
        except self._ray.exceptions.RayError as error:  # softshare is missing there, for example
            self._let_go()
            said = " ".join(str(error).split())
            return Ended(cause=Cause.died, how="with its actor", said=said)
        if report.place is None:
            return self._lost()
        self._note(report)
        if report.end is not None:
            return Ended.of_process(report.end)
        self._expect(self._actor.report.remote())
        return None

    def ask_to_stop(self) -> None:
        """Let the worker end at its next step and give back what it has."""
        self._finish(_STOPPING_SECONDS, is_told=True)

    def wait(self, seconds: float) -> None:
        """Wait until the worker has ended, and end its actor then, or after so many seconds."""
        if self._actor is None:
            return
        try:
            self._finish(seconds, is_told=False)
            with contextlib.suppress(self._ray.exceptions.RayError):  # too late, or gone before
                if self._place is not None:
                    self._note(self._ray.get(self._answer, timeout=seconds))
        finally:
            self._let_go()

    def _finish(self, seconds: float, *, is_told: bool) -> None:
        """Ask for the report of the worker's end, once."""
        if self._actor is None or self._is_finishing:
            return
        if self._place is None and self._has_answered():  # it came to a place a moment ago
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._note(self._ray.get(self._answer))
        if self._place is not None:
            self._expect(self._actor.finish.remote(seconds, is_told=is_told))
            self._is_finishing = True

    def _has_answered(self) -> bool:
        answered, _ = self._ray.wait([self._answer], timeout=0)
        return bool(answered)

    def _expect(self, answer: Any) -> None:
        self._answer = answer
        self._asked_at = time.monotonic()

    def _note(self, report: Report) -> None:
        self._place = report.place
        if report.output:
            with self._log.open("ab") as log:
                log.write(report.output)

    def _lost(self) -> Ended | None:
        """Return what became of a worker whose actor is gone; None if it is slow to answer."""
        place = self._place
        if place is None:  # it never came to one
            return Ended(cause=Cause.displaced, how="before it began", said="its actor was lost")
        is_there = place.node in {n["NodeID"] for n in self._ray.nodes() if n["Alive"]}
        if is_there and not self._has_answered():
            return None
        self._place = None
        prefix = worker_prefix(place.process_id, place.host)
        if is_there:
            said = "Ray or the system killed it"
            return Ended(cause=Cause.died, how="with its actor", said=said, prefix=prefix)
        said = f"{place.host} is not heard of any more"
        return Ended(cause=Cause.displaced, how="with its machine", said=said, prefix=prefix)

    def _let_go(self) -> None:
        self._ray.kill(self._actor, no_restart=True)
        self._actor = self._place = None
        self._is_finishing = False


def check_room(
    machines: Sequence[Resources], worker: Resources, num_workers: int, address: str
) -> None:
    """Refuse workers that a cluster has no room for: some would wait for ever.

    Raises:
        ConfigError: GPUs or processors do not suffice.
    """
    num_places = sum(machine.places_for(worker) for machine in machines)
    without_gpus = Resources(worker.cpus, 0.0)
    has_cpus = sum(machine.places_for(without_gpus) for machine in machines) >= num_workers
    key, what, asked, there = (
        ("launcher.gpus", "GPUs", worker.gpus, sum(machine.gpus for machine in machines))
        if worker.gpus and has_cpus
        else ("launcher.cpus", "processors", worker.cpus, sum(m.cpus for m in machines))
    )
    require(
        num_places >= num_workers,
        key,
        f"small enough for workers={num_workers} on the {there:g} {what} of the Ray cluster at "
        f"{address}",
        f"{asked:g}, with which {num_places} find a place",
        f"lower it, lower workers, or add machines with `ray start --address={address}`",
    )


def _import_ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ConfigError(
            "launcher must be local or slurm where Ray is not installed, but got ray; "
            "pip install -e '.[ray]'"
        ) from error


def _connect(ray: Any, asked: str | None) -> str:
    """Connect to a cluster and return its address."""
    address = asked or os.environ.get("RAY_ADDRESS") or _THIS_CLUSTER
    remedy = (
        "start one with `ray start --head`, join this machine to it with "
        "`ray start --address=HOST:PORT`, and set launcher.address or RAY_ADDRESS"
    )
    rule = "the HOST:PORT of a Ray cluster that this machine belongs to"
    if address != _THIS_CLUSTER:
        host, _, port = address.rpartition(":")
        is_address = bool(host) and "/" not in host and port.isdigit()
        require(is_address, "launcher.address", rule, address, remedy)
        # Ray itself waits for minutes where nobody answers.
        try:
            socket.create_connection((host.strip("[]"), int(port)), _PROBE_SECONDS).close()
        except OSError:
            where = f"{address}, where none answers"
            require(False, "launcher.address", rule, where, remedy)
    try:
        context = ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:  # ConnectionError is an OSError
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ConfigError(
            f"launcher.address must be {rule}, but got {address}: {lines[0]}; {remedy}"
        ) from error
    return str(context.address_info["gcs_address"])


def _machines(ray: Any) -> list[Resources]:
    resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [Resources(each.get("CPU", 0.0), each.get("GPU", 0.0)) for each in resources]
