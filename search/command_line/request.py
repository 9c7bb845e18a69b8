"""What a user asked of a verb: its own arguments and the overrides of the configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Request:
    """A command line after its verb.

    Attributes:
        verb: the verb's name.
        words: the words after the verb, as typed.
        arguments: the verb's own arguments by name.
        overrides: the other words, in Hydra's override grammar.
    """

    verb: str
    words: Sequence[str]
    arguments: Mapping[str, str]
    overrides: Sequence[str]

    def path(self, name: str) -> Path:
        """Return an argument that is a path, with ``~`` for the home folder.

        Raises:
            ConfigError: the argument is empty.
        """
        if not self.arguments[name]:
            raise ConfigError(f"{name} must be a path, but got nothing")
        return Path(self.arguments[name]).expanduser()
