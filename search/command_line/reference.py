"""Every configuration key with its type, default, meaning and source, gathered for ``keys``.

Nothing is written here: types come from the dataclasses, introductions from their docstrings,
defaults, meanings and sources from the files under ``conf``, verbs from the command line's list.
"""

import inspect
import itertools
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, Union, get_args, get_origin

from search.command_line.help import RANGES, KeyLine, default_choices, group_lines, key_lines
from search.command_line.verbs import VERBS, Verb
from search.composition import CONF_DIR, choices
from search.configuration import SoftshareConfig
from search.conversion import field_types, rule_of, type_at
from search.methods import METHOD
from search.space import SearchSpace


@dataclass(frozen=True, kw_only=True)
class OtherValue:
    """What another choice of a key's group sets it to.

    Attributes:
        choice: the choice, as in ``retrain=paper``.
        value: as written in its file.
        comment: why, or from where; empty where it says no more than the key's meaning.
    """

    choice: str
    value: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class Key:
    """A configuration key.

    Attributes:
        key: dotted, as on the command line.
        kind: what its value must be.
        default: as written in the default file of its group.
        meaning: what it means, with its source.
        others: values in the other files of its group, where they differ.
    """

    key: str
    kind: str
    default: str
    meaning: str
    others: tuple[OtherValue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A file of a group.

    Attributes:
        name: as in ``group=name``.
        purpose: the sentence that the file opens with.
    """

    name: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Keys that belong together.

    Attributes:
        name: as in ``retrain.tau``; empty for keys that stand alone.
        summary: one line.
        about: paragraphs on what they have in common, from their dataclass; may be empty.
        module: where that dataclass stands; empty where files set keys of other groups.
        choices: the files to choose from, the default first; empty where there are none.
        verbs: names of the verbs that read all of the group.
        keys: in their order; empty where files set keys of other groups.
    """

    name: str
    summary: str
    about: str
    module: str
    choices: tuple[Choice, ...]
    verbs: tuple[str, ...]
    keys: tuple[Key, ...]


def all_groups() -> list[Group]:
    """Return all groups in the configuration's order, the keys that stand alone last."""
    summaries = {line.key: line.meaning for line in _top_lines()}
    found = [
        Group(
            name=name,
            summary=summaries[name],
            about=RANGES if name == "space" else _introduction(annotation),
            module=(SearchSpace if name == "space" else annotation).__module__,
            choices=_choices(name),
            verbs=tuple(verb.name for verb in VERBS.values() if name in verb.keys),
            keys=tuple(_searched_keys() if name == "space" else _keys(name)),
        )
        for name, annotation in field_types(SoftshareConfig).items()
        if name == "space" or is_dataclass(annotation)
    ]
    alone = Group(
        name="",
        summary="keys that stand alone: what is this process's own affair",
        about="",
        module=SoftshareConfig.__module__,
        choices=(),
        verbs=(),
        keys=tuple(
            Key(
                key=line.key,
                kind=kind_of(type_at(SoftshareConfig, line.key)),
                default=line.value,
                meaning=line.meaning,
            )
            for line in _top_lines()
            if line.value and not line.is_choice
        ),
    )
    return [*found, alone, *(_files(name, summary) for name, summary in _WITHOUT_KEYS.items())]


def kind_of(annotation: Any) -> str:
    """Return in words what a value of an annotated type must be."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return f"{kind_of(inner)} or null"
    if origin is list:
        return f"[{kind_of(arguments[0])}, ...]"
    return "a group of keys" if origin is dict else rule_of(annotation)


_WITHOUT_KEYS = {
    "experiment": "sets of choices that belong together, each with a study of its name",
    "setting": "what studies try first (study.settings), and what compress can start from "
    "(setting=NAME)",
}
"""Groups whose files set keys of others."""


def _files(name: str, summary: str) -> Group:
    """Return a group whose files set keys of others."""
    return Group(
        name=name,
        summary=summary,
        about="",
        module="",
        choices=_choices(name),
        verbs=tuple(verb.name for verb in VERBS.values() if name in _words(verb)),
        keys=(),
    )


def _words(verb: Verb) -> set[str]:
    return {*verb.keys, *(argument.name for argument in verb.arguments)}


def _keys(group: str) -> Iterator[Key]:
    """Yield the keys of a group, with what its other files say of them."""
    others = {
        name: _told(group, name) for name in choices(group) if name != default_choices()[group]
    }
    for line in _spelt_out(group_lines(group)):
        yield Key(
            key=line.key,
            kind=kind_of(type_at(SoftshareConfig, line.key)),
            default=line.value,
            meaning=line.meaning,
            others=_other_values(line, others),
        )


def _searched_keys() -> Iterator[Key]:
    """Yield the ranges of the default space, then those that other methods search."""
    default, *rest = (choice.name for choice in _choices("space"))
    others = {name: _told("space", name) for name in rest}
    lines = _told("space", default)
    for name in choices("method"):
        lines |= {key: line for key, line in _told("method", name).items() if key not in lines}
    for key, line in lines.items():
        if key.startswith("space.") and key != f"space.{METHOD}":
            yield Key(
                key=key,
                kind="a range",
                default=line.value,
                meaning=line.meaning,
                others=_other_values(line, others),
            )


def _other_values(
    line: KeyLine, others: Mapping[str, Mapping[str, KeyLine]]
) -> tuple[OtherValue, ...]:
    """Return what other files set a key to, but for a file that merely names itself."""
    said = {choice: lines[line.key] for choice, lines in others.items() if line.key in lines}
    return tuple(
        OtherValue(
            choice=choice,
            value=other.value,
            comment="" if other.meaning == line.meaning else other.meaning,
        )
        for choice, other in said.items()
        if other.value not in (line.value, choice)
    )


def _told(group: str, name: str) -> dict[str, KeyLine]:
    """Return what a file of a group says, by key dotted from the root."""
    path = CONF_DIR / group / f"{name}.yaml"
    is_global = path.read_text(encoding="utf-8").startswith("# @package _global_")
    prefix = "" if is_global else f"{group}."
    lines = (line for line in key_lines(path) if line.value and not line.is_choice)
    return {prefix + line.key: line for line in _spelt_out(lines)}


def _spelt_out(lines: Iterable[KeyLine]) -> Iterator[KeyLine]:
    """Yield lines of a file; where a comment is "the same", with that of the line above."""
    meaning = ""
    for line in lines:
        meaning = meaning if line.meaning == "the same" else line.meaning
        yield replace(line, meaning=meaning)


def _choices(group: str) -> tuple[Choice, ...]:
    """Return the files of a group with the sentences that they open with, the default first."""
    default = default_choices().get(group)
    names = sorted(choices(group), key=lambda name: name != default)
    return tuple(Choice(name=name, purpose=_purpose(group, name)) for name in names)


def _purpose(group: str, name: str) -> str:
    lines = (CONF_DIR / group / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    comments = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line[2:] for line in comments if not line.startswith("# @"))


def _introduction(config_type: type) -> str:
    """Return what a dataclass's docstring says before its attributes."""
    said = inspect.getdoc(config_type) or ""
    return said.partition("\n\nAttributes:")[0]


def _top_lines() -> tuple[KeyLine, ...]:
    return key_lines(CONF_DIR / "config.yaml")
