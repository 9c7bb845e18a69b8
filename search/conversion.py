"""Turns plain trees, as YAML and JSON hold them, into the rooms' typed dataclasses and back.

Our own converter and not OmegaConf's structured configs, so that every refusal is one line with
the full key, the rule, the value and the right choices.
"""

import dataclasses
import difflib
import math
import types
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from core.errors import ConfigError, require

Tree = dict[str, Any]
"""Nested plain values under string keys: what YAML and JSON can hold."""


Config = TypeVar("Config")


def build(config_type: type[Config], tree: Mapping[str, Any], prefix: str = "") -> Config:
    """Build a dataclass, and those inside it, from a plain tree; missing keys keep their defaults.

    Args:
        config_type: a dataclass whose fields all have defaults.
        tree: plain values by field name.
        prefix: full key of the tree with a dot at its end, for messages; empty at the root.

    Raises:
        ConfigError: a key is unknown, a value has the wrong type or breaks its dataclass's rule.
    """
    fields = field_types(config_type)
    for name in tree:
        if name not in fields:
            raise unknown_key(f"{prefix}{name}", fields, prefix)
    values = {name: convert(value, fields[name], f"{prefix}{name}") for name, value in tree.items()}
    return config_type(**values)


def convert(value: Any, annotation: Any, key: str) -> Any:
    """Convert one plain value to an annotated type; ``key`` is its full key, for the message.

    Whole numbers pass for fractions, never the other way round; strings pass for nothing but
    text, paths and named choices. Fractions must be finite.

    Raises:
        ConfigError: the value does not fit.
    """
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        require(isinstance(value, Mapping), key, "a group of keys", value)
        return build(annotation, value, f"{key}.")
    if annotation is Any:
        return value
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (inner,) = (argument for argument in arguments if argument is not type(None))
        rule = f"{rule_of(inner)} or null"
        try:
            return convert(value, inner, key)
        except ConfigError:
            raise ConfigError(f"{key} must be {rule}, but got {show(value)}") from None
    if origin in (list, dict):
        return _convert_collection(value, origin, arguments, key)
    return _convert_scalar(value, annotation, key)


def replaced(config: Config, tree: Mapping[str, Any], prefix: str = "") -> Config:
    """Return a copy of a dataclass with the values of a tree put in place, validated again.

    Raises:
        ConfigError: as ``build``.
    """
    fields = field_types(type(config))
    values = {}
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if name not in fields:
            raise unknown_key(key, fields, prefix)
        current = getattr(config, name)
        is_group = dataclasses.is_dataclass(current) and isinstance(value, Mapping)
        values[name] = (
            replaced(current, value, f"{key}.") if is_group else convert(value, fields[name], key)
        )
    return dataclasses.replace(config, **values)  # type: ignore[type-var]  # always a dataclass


def nested(params: Mapping[str, Any]) -> Tree:
    """Return values under dotted keys as a tree; the inverse of ``leaves``."""
    tree: Tree = {}
    for key, value in params.items():
        *path, name = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[name] = value
    return tree


def tree_of(config: Any) -> Any:
    """Return a dataclass as the plain tree that ``build`` reads: enums by name, paths as text."""
    if dataclasses.is_dataclass(config):
        return {
            field.name: tree_of(getattr(config, field.name)) for field in dataclasses.fields(config)
        }
    if isinstance(config, Mapping):
        return {key: tree_of(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [tree_of(value) for value in config]
    if isinstance(config, Enum):
        return config.name
    return str(config) if isinstance(config, Path) else config


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of every value of a tree that is not itself a non-empty tree."""
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{key}.")
        else:
            yield key, value


def field_types(config_type: type) -> dict[str, Any]:
    """Return the annotated type of each field of a dataclass, by name, in its order."""
    hints = get_type_hints(config_type)
    return {field.name: hints[field.name] for field in dataclasses.fields(config_type)}


def type_at(config_type: type, key: str) -> Any:
    """Return the annotated type of a dotted key, following dataclasses only.

    Raises:
        ConfigError: there is no such key; the message lists near and right ones.
    """
    annotation: Any = config_type
    prefix = ""
    for name in key.split("."):
        is_group = isinstance(annotation, type) and dataclasses.is_dataclass(annotation)
        known = field_types(annotation) if is_group else {}
        if name not in known:
            raise unknown_key(f"{prefix}{name}", known, prefix)
        annotation = known[name]
        prefix += f"{name}."
    return annotation


def unknown_key(key: str, known: Iterable[str], prefix: str) -> ConfigError:
    """Return the error for a key that nobody knows, with near keys and all of its group's."""
    known = list(known)
    if not known:
        return ConfigError(f"{prefix.removesuffix('.')} has no keys below it, but got {key}")
    near = difflib.get_close_matches(key.removeprefix(prefix), known, n=1)
    guess = f"did you mean {prefix}{near[0]}? " if near else ""
    group = f"the keys of {prefix.removesuffix('.')}" if prefix else "the keys"
    return ConfigError(f"unknown key {key}; {guess}{group} are {', '.join(sorted(known))}")


def show(value: Any) -> str:
    """Return a value as a user would type it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def rule_of(annotation: Any) -> str:
    """Return what a value of a scalar type must be, as in ``retrain.tau must be a number``."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return f"one of {', '.join(annotation.__members__)}"
    names = {
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "text",
        Path: "a path",
    }
    return names.get(annotation, str(annotation))


def _convert_collection(value: Any, origin: Any, arguments: tuple[Any, ...], key: str) -> Any:
    if origin is list:
        require(isinstance(value, list | tuple), key, "a list such as [a, b]", show(value))
        return [convert(item, arguments[0], f"{key}[{i}]") for i, item in enumerate(value)]
    require(isinstance(value, Mapping), key, "a group of keys", show(value))
    return {str(name): convert(item, arguments[1], f"{key}.{name}") for name, item in value.items()}


def _convert_scalar(value: Any, annotation: Any, key: str) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    converted = value
    if issubclass(annotation, Enum):
        fits = isinstance(value, annotation) or str(value) in annotation.__members__
        converted = annotation[str(value)] if fits and not isinstance(value, annotation) else value
    elif annotation is float:
        fits = is_number and math.isfinite(value)
        converted = float(value) if fits else value
    elif annotation is Path:
        fits = isinstance(value, str | Path) and str(value) != ""
        converted = Path(value).expanduser() if fits else value
    elif annotation is str:
        fits = isinstance(value, str) or is_number  # a study may be called 7
        converted = str(value)
    else:
        fits = isinstance(value, annotation) and (annotation is not int or is_number)
    require(fits, key, rule_of(annotation), show(value))
    return converted
