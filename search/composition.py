"""Composes the YAML files under ``conf`` and a user's overrides into one plain tree.

Hydra's Compose API only: its ``@hydra.main`` is broken on Python 3.14, and ``instantiate`` is never
used, because a configuration may come out of a database. Every refusal becomes one ConfigError.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

import conf
from core.errors import ConfigError, require
from search.conversion import Tree, show

CONF_DIR = Path(conf.__file__).resolve().parent
"""The folder of the installed YAML files."""


def compose_tree(
    config_name: str,
    overrides: Sequence[str] = (),
    check_key: Callable[[str], object] = lambda key: None,
) -> Tree:
    """Compose a YAML file under ``conf`` with overrides and resolve its interpolations.

    Args:
        config_name: path of the primary file under ``conf``, without its suffix.
        overrides: words in Hydra's override grammar; the one of ``with_folder`` adds a folder.
        check_key: raises a ``ConfigError`` for a dotted key that does not exist; asked for every
            key that an override sets.

    Raises:
        ConfigError: an override cannot be read, names an unknown choice or does not apply.
    """
    parsed = [parse_override(word) for word in overrides]
    folders = [folder for override in parsed for folder in _folders(override)]
    words = [_checked(override, check_key, folders) for override in parsed]
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(CONF_DIR)):
            config = hydra_compose(config_name, words)
        tree = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_one_line(error)) from error
    except OSError as error:  # Hydra's MissingConfigException is one
        raise ConfigError(_one_line(error)) from error
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}


def with_folder(folder: str) -> str:
    """Return the override that adds a folder of a user's own files to those under ``conf``.

    Raises:
        ConfigError: it is no folder, or has no file of a group.
    """
    path = Path(folder).expanduser().resolve()
    require(bool(folder) and path.is_dir(), "--config-dir", "a folder", folder or "nothing")
    if not any(choices(group, [path]) != choices(group) for group in groups()):
        raise ConfigError(
            f"--config-dir must have files such as model/mine.yaml in folders named after groups "
            f"({', '.join(groups())}), but {folder} has none"
        )
    return f"{_SEARCH_PATH}=[{as_override('', f'file://{path}').removeprefix('=')}]"


def choices(group: str, folders: Sequence[Path] = ()) -> list[str]:
    """Return the names of the YAML files of a group, sorted; empty for no group.

    Args:
        group: its name.
        folders: of a user's own files, beside ``conf``.
    """
    names = (path.stem for root in (CONF_DIR, *folders) for path in (root / group).glob("*.yaml"))
    return sorted(set(names))


def groups() -> list[str]:
    """Return the names of the groups that a command line chooses from, sorted.

    Settings are none: a study names them in ``study.settings``.
    """
    folders = (path.name for path in CONF_DIR.iterdir() if path.name != "setting")
    return sorted(name for name in folders if choices(name))


def parse_override(word: str) -> Override:
    """Parse one word of Hydra's override grammar.

    A bare value that the grammar cannot take, such as the address of a database with ``?`` and
    ``=`` in it, is taken as text.

    Raises:
        ConfigError: it cannot be read, or it asks for a sweep. The value is not shown: it may
            hold a password.
    """
    key, equals, value = word.partition("=")
    try:
        try:
            override = OverridesParser.create().parse_override(word)
        except HydraException:
            if not equals or value[:1] in set("'\"[{("):
                raise
            override = OverridesParser.create().parse_override(as_override(key, value))
        is_sweep = override.is_sweep_override()
    except (HydraException, OmegaConfBaseException) as error:
        what = f"the value of {key!r}" if equals else repr(word)
        raise ConfigError(f"cannot read {what}; write key=value, or key='text'") from error
    require(bool(override.key_or_group), repr(word), "of the form key=value", "no key")
    require(
        not is_sweep,
        override.key_or_group,
        "one value",
        word,
        "to search over values, put the key into the space",
    )
    return override


def as_override(key: str, value: str | float | bool | None) -> str:
    """Return the override that sets a key to a value, quoted so that any text survives.

    The result is one word; on a shell's command line it must be quoted for the shell as well.
    """
    if not isinstance(value, str):
        return f"{key}={show(value)}"
    if re.fullmatch(r"[A-Za-z_/][A-Za-z0-9_./-]*", value) and value.lower() not in _RESERVED:
        return f"{key}={value}"
    # Inside quotes Hydra reads a backslash as an escape only where backslashes lead up to a quote.
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped).replace("${", "\\${")
    return f"{key}='{escaped}'"


_SEARCH_PATH = "hydra.searchpath"
_RESERVED = {"null", "true", "false", "nan", "inf"}


def _folders(override: Override) -> list[Path]:
    """Return the folders that an override of ``with_folder`` adds; of any other none."""
    if override.key_or_group != _SEARCH_PATH:
        return []
    places = override.value()
    assert isinstance(places, list)
    return [Path(str(place).removeprefix("file://")) for place in places]


def _checked(
    override: Override, check_key: Callable[[str], object], folders: Sequence[Path]
) -> str:
    """Return the override as Hydra shall see it, after checking its choice or key."""
    word = override.input_line
    assert word is not None
    key = override.key_or_group
    if key == _SEARCH_PATH:
        return word
    if key in groups():
        known = choices(key, folders)
        if not override.is_delete():
            value = override.value()
            require(value in known, key, f"one of {', '.join(known)}", value)
        return word
    if override.package is not None or override.is_delete():
        return word
    check_key(key)
    # A key that the chosen file leaves at its default is no less right than one that it states.
    return word if override.is_add() or override.is_force_add() else f"++{word}"


def _one_line(error: BaseException) -> str:
    message = str(error) or str(error.__cause__)
    missing = re.search(r"Environment variable '(\w+)' not found", message)
    if missing:
        key = getattr(error, "full_key", None)
        return f"{key} needs the environment variable {missing[1]}; set it, or set {key} itself"
    return "; ".join(line.strip() for line in message.splitlines() if line.strip())


def is_group_choice(override: Override) -> bool:
    """Return whether an override chooses a file of a group rather than setting a key."""
    return override.key_or_group in groups()


def overridden_keys(words: Sequence[str]) -> Mapping[str, Any]:
    """Return the keys or groups that overrides name, each with its value, in their order."""
    overrides = [parse_override(word) for word in words]
    return {o.key_or_group: None if o.is_delete() else o.value() for o in overrides}
