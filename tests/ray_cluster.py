"""A real Ray cluster of two nodes on this machine, in a folder and on ports of its own.

Each node has one GPU by declaration only: Ray counts them and looks at none.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NODE = {"num_gpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}


class RayCluster:
    """A head and one more node.

    Attributes:
        address: of the head.
        folder: what Ray itself writes.
    """

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster  # noqa: PLC0415 it reads the environment

        self.folder = folder
        # A raylet that is gone refuses at once, so that a busy one may keep its time to answer.
        system = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500}
        self._cluster: Any = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 2, "_system_config": system, **_NODE},
        )
        self._node: Any = self._cluster.add_node(num_cpus=1, **_NODE)
        self.address: str = self._cluster.address

    @property
    def raylet(self) -> int:
        """The process of the second node that those of its actors are children of."""
        (raylet,) = self._node.all_processes["raylet"]
        number: int = raylet.process.pid
        return number

    def lose_node(self) -> None:
        """Kill the second node as a power cut would, as far as Ray's own processes go."""
        self._cluster.remove_node(self._node, allow_graceful=False)

    def stop(self) -> None:
        """End all its processes."""
        self._cluster.shutdown()


@contextmanager
def running_ray() -> Iterator[RayCluster]:
    """Run a cluster while the block runs, and remove all of it afterwards."""
    with (
        # Sockets lie in it, whose paths must be short.
        tempfile.TemporaryDirectory(prefix="ray_", dir="/tmp", ignore_cleanup_errors=True) as name,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("RAY_TMPDIR", name)
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.delenv("RAY_ADDRESS", raising=False)
        cluster = RayCluster(Path(name))
        try:
            yield cluster
        finally:
            cluster.stop()
