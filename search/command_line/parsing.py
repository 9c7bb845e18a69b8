"""Sorts the words after a verb into the verb's own arguments and overrides of the configuration."""

import re
from collections.abc import Sequence

from core.errors import ConfigError
from search.command_line.request import Request
from search.command_line.verbs import Verb
from search.composition import is_group_choice, parse_override, with_folder

CONFIG_DIR = "--config-dir"
"""Names a folder of one's own files, in folders named after groups."""


def parse(verb: Verb, words: Sequence[str]) -> Request:
    """Sort the words after a verb.

    Raises:
        ConfigError: a word is none that the verb takes, or one that it needs is missing.
    """
    arguments: dict[str, str] = {}
    folders, others = _config_folders(verb, words)
    overrides: list[str] = []
    for word in others:
        name, value = _argument(verb, word, arguments)
        if name is None:
            overrides.append(word)
        elif name in arguments:
            raise ConfigError(f"{name} is given twice; usage: {verb.usage}")
        else:
            arguments[name] = value
    for argument in verb.arguments:
        if argument.required and argument.name not in arguments:
            raise ConfigError(f"{argument.form} is missing; usage: {verb.usage}")
    for word in overrides:
        _require_read(verb, word)
    overrides = [*map(with_folder, folders), *overrides]
    return Request(verb=verb.name, words=tuple(words), arguments=arguments, overrides=overrides)


def _config_folders(verb: Verb, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the folders of ``--config-dir``, at most one, and the other words."""
    folders, others = [], []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name == CONFIG_DIR and verb.keys:
            folders.append(value if equals else next(rest, ""))
        else:
            others.append(word)
    if len(folders) > 1:
        raise ConfigError(f"{CONFIG_DIR} is given twice; usage: {verb.usage}")
    return folders, others


def _argument(verb: Verb, word: str, taken: dict[str, str]) -> tuple[str | None, str]:
    """Return name and value of a verb's own argument, or None for an override."""
    key, equals, value = word.partition("=")
    if equals and key in {argument.name for argument in verb.arguments}:
        return key, value
    if word.startswith("-"):
        raise ConfigError(f"{word} is no option; write key=value; usage: {verb.usage}")
    if word.startswith("~") and "/" not in word:
        return None, word
    if equals and re.fullmatch(r"\+{0,2}[\w.@-]+", key):  # no slash: that would be a path
        return None, word
    for argument in verb.arguments:
        if argument.positional and argument.name not in taken:
            return argument.name, word
    raise ConfigError(f"cannot take {word!r}; usage: {verb.usage}")


def _require_read(verb: Verb, word: str) -> None:
    """Refuse an override that the verb would not look at: it would be silently without effect."""
    override = parse_override(word)
    key = override.key_or_group
    section = key.split(".", maxsplit=1)[0]
    partly = [k for k in verb.keys if k.startswith(f"{section}.")]
    if section in verb.keys or key in verb.keys or (partly and is_group_choice(override)):
        return
    # A misspelt key is better explained by the configuration, which knows near ones.
    from search.configuration import check_key  # noqa: PLC0415 - it imports torch, help must not

    if not is_group_choice(override):
        check_key(key)
    keys = f"its keys are {', '.join(verb.keys)}" if verb.keys else "it reads no keys"
    raise ConfigError(f"{verb.name} does not read {key}; {keys}")
