"""Which launcher starts the workers of a search, and what it gives each of them."""

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from core.errors import require


class LauncherKind(Enum):
    """Where workers run: as processes here, as actors of a Ray cluster, as jobs of Slurm."""

    local = "local"
    ray = "ray"
    slurm = "slurm"


class JobRunner(Enum):
    """What runs the jobs: Slurm, or this machine without it, to try a configuration."""

    slurm = "slurm"
    local = "local"


@dataclass(kw_only=True)
class LauncherConfig:
    """Where the workers of a search run. A launcher refuses the keys that it does not read.

    Attributes:
        kind: as ``LauncherKind`` says.
        cpus: processors of each worker (Ray, Slurm).
        gpus: GPUs of each worker (Ray, Slurm); on Ray a fraction, so that workers share one.
        address: ``HOST:PORT`` of the Ray cluster's head; None takes ``RAY_ADDRESS``, or else the
            cluster that this machine belongs to.
        partition: Slurm's partition; None takes its default.
        minutes: how long a job of Slurm may run before it is queued again.
        memory_gb: memory of each job of Slurm; None takes its default.
        additional: further parameters of ``sbatch``, by name.
        runner: what runs the jobs.
    """

    kind: LauncherKind = LauncherKind.local
    cpus: float = 1.0
    gpus: float = 0.0
    address: str | None = None
    partition: str | None = None
    minutes: int = 240
    memory_gb: float | None = None
    additional: dict[str, Any] = field(default_factory=dict)
    runner: JobRunner = JobRunner.slurm

    def __post_init__(self) -> None:
        for key in fields(self):
            value = getattr(self, key.name)
            default = key.default_factory() if callable(key.default_factory) else key.default
            require(
                key.name in _READ[self.kind] or value == default,
                f"launcher.{key.name}",
                f"left as it is with launcher={self.kind.name}, which does not read it",
                value,
                f"choose {_readers(key.name)}, or leave the key out",
            )
        require(self.cpus > 0, "launcher.cpus", "> 0", self.cpus)
        require(self.gpus >= 0, "launcher.gpus", ">= 0", self.gpus)
        # A job is told a minute or two before its end, and must have done something until then.
        require(self.minutes >= 5, "launcher.minutes", ">= 5", self.minutes)
        require(
            self.memory_gb is None or self.memory_gb > 0,
            "launcher.memory_gb",
            "> 0 or null",
            self.memory_gb,
        )
        if self.kind is LauncherKind.slurm:
            for name, value in (("cpus", self.cpus), ("gpus", self.gpus)):
                require(
                    value == int(value),
                    f"launcher.{name}",
                    "a whole number with launcher=slurm",
                    value,
                    "Slurm does not divide them",
                )


_OF_ALL = frozenset({"kind"})
_OF_CLUSTERS = _OF_ALL | {"cpus", "gpus"}
_READ = {
    LauncherKind.local: _OF_ALL,
    LauncherKind.ray: _OF_CLUSTERS | {"address"},
    LauncherKind.slurm: _OF_CLUSTERS
    | {"partition", "minutes", "memory_gb", "additional", "runner"},
}
"""The keys that each launcher reads."""


def _readers(name: str) -> str:
    kinds = [kind.name for kind, names in _READ.items() if name in names]
    return " or ".join(f"launcher={kind}" for kind in kinds)
