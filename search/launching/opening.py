"""Opens the launcher that a configuration asks for; the optional ones are imported only then."""

from typing import Any

from core.errors import require
from search.configuration import SoftshareConfig
from search.launching.config import LauncherKind
from search.launching.launcher import Launcher
from search.launching.local import LocalLauncher


def open_launcher(config: SoftshareConfig) -> Launcher[Any]:
    """Open a launcher, connected to its cluster; whoever opens it closes it.

    Raises:
        ConfigError: what it needs is not installed, its cluster cannot be reached or lacks what
            is asked for, or its workers could not share the database.
    """
    kind = config.launcher.kind
    if kind is LauncherKind.local:
        return LocalLauncher()
    require(
        config.storage.parsed.drivername != "sqlite",
        "storage.url",
        f"a PostgreSQL address with launcher={kind.name}, whose workers run on several machines",
        "a SQLite file",
        "set PGHOST and choose storage=postgresql",
    )
    if kind is LauncherKind.ray:
        from search.launching.ray import RayLauncher  # noqa: PLC0415 asked for only then

        return RayLauncher(config.launcher, config.workers)
    from search.launching.slurm import SlurmLauncher  # noqa: PLC0415 asked for only then

    return SlurmLauncher(config.launcher, config.study_folder)
