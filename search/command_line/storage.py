"""``storage``: make the tables of a database, or bring them to this version."""

from core.errors import ConfigError
from search.command_line.printing import print_lines
from search.command_line.request import Request
from search.configuration import compose
from search.schema import SCHEMA_VERSION
from search.storage import StorageConfig, open_storage, show
from search.upgrades import upgrade


def storage(request: Request) -> None:
    """Do what is asked with the tables of a database.

    Raises:
        ConfigError: it is neither ``init`` nor ``upgrade``.
    """
    config = compose(request.overrides).storage
    action = request.arguments["action"]
    actions = {"init": _init, "upgrade": _upgrade}
    if action not in actions:
        raise ConfigError(f"storage must be followed by init or upgrade, but got {action}")
    actions[action](config)


def _init(config: StorageConfig) -> None:
    """Make the tables unless they are there, whoever else does so at this moment."""
    open_storage(config).close()
    print_lines(f"the tables in {show(config.parsed)} are of version {SCHEMA_VERSION}")


def _upgrade(config: StorageConfig) -> None:
    before = upgrade(config)
    was = "were so before" if before == SCHEMA_VERSION else f"were of version {before}"
    print_lines(f"the tables in {show(config.parsed)} are of version {SCHEMA_VERSION}, {was}")
