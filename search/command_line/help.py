"""Texts of ``--help``; the meaning of a key is its comment in ``conf``, and stands only there."""

import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from search.command_line.printing import PIPE_WIDTH
from search.command_line.verbs import VERBS, Verb
from search.composition import CONF_DIR, choices

MAX_KEY_WIDTH = 44
MIN_TEXT_WIDTH = 40
RANGES = (
    "range in which a key of a trial (prior, retrain, ...) is searched; beside it log, integer or "
    "complement: true; or {choices: [a,b]}; ~space.KEY searches it no more"
)

_LINE = re.compile(
    r"(?P<indent> *)(?P<item>- )?(?P<key>[\w/]+):(?: +(?P<value>.*?))?(?: +# (?P<meaning>.*))?"
)


@dataclass(frozen=True)
class KeyLine:
    """A line ``key: value  # meaning`` of a YAML file.

    Attributes:
        key: dotted key below the file; a group's name in a defaults list.
        value: as written; empty for a group of keys.
        meaning: the comment, empty where there is none.
        is_choice: whether it stands in a defaults list.
    """

    key: str
    value: str
    meaning: str
    is_choice: bool


def overview() -> str:
    """Return what ``softshare --help`` prints."""
    width = max(map(len, VERBS))
    verbs = [f"  {verb.name:{width}}  {verb.summary}" for verb in VERBS.values()]
    return "\n".join(
        [
            "softshare finds small files for trained networks by soft weight-sharing.",
            "",
            "usage: softshare VERB [key=value ...]",
            "",
            "verbs:",
            *verbs,
            "",
            "`softshare VERB --help` lists a verb's keys. Exit codes: 0 done, 2 a mistake in what "
            "was asked, 130 interrupted.",
        ]
    )


def verb_help(verb: Verb) -> str:
    """Return what ``softshare VERB --help`` prints."""
    lines = [f"softshare {verb.name}: {verb.summary}", "", f"usage: {verb.usage}"]
    if verb.arguments:
        rows = [(argument.form, argument.meaning) for argument in verb.arguments]
        lines += ["", "arguments:", *_columns(rows)]
    if chosen := list(_choice_rows(verb)):
        lines += ["", "groups, chosen by group=name (the first is the default):"]
        lines += _columns(chosen)
    if keys := list(_key_rows(verb)):
        lines += ["", "keys, with their defaults, set by key=value:", *_columns(keys)]
    if verb.keys:
        lines += [
            "",
            "Words follow Hydra's override grammar: +key=value adds, ~key removes, lists are "
            "[a,b], text with special characters is 'quoted'. --config-dir FOLDER adds files of "
            "your own, such as FOLDER/model/mine.yaml for model=mine.",
        ]
    return "\n".join(lines)


@cache
def key_lines(path: Path) -> tuple[KeyLine, ...]:
    """Return the keys of a YAML file of ours with their comments, in its order.

    Only our own style is read: one key a line, nested by two spaces, lists and ranges in
    brackets on one line.
    """
    found: list[KeyLine] = []
    parents: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        depth = len(match["indent"]) // 2
        is_choice = match["item"] is not None
        parents = parents[:depth]
        key = match["key"] if is_choice else ".".join([*parents, match["key"]])
        parents.append(match["key"])
        found.append(KeyLine(key, match["value"] or "", match["meaning"] or "", is_choice))
    return tuple(found)


def group_lines(group: str) -> Iterator[KeyLine]:
    """Yield the keys of a group, dotted from the root: its default file's, then the others' own."""
    default = default_choices()[group]
    seen: set[str] = set()
    for name in (default, *(name for name in choices(group) if name != default)):
        path = CONF_DIR / group / f"{name}.yaml"
        is_global = path.read_text(encoding="utf-8").startswith("# @package _global_")
        for line in key_lines(path):
            key = line.key if is_global else f"{group}.{line.key}"
            if line.value and not line.is_choice and key.startswith(f"{group}."):
                if key not in seen:
                    yield replace(line, key=key)
                seen.add(key)


def default_choices() -> dict[str, str]:
    """Return the file that the default configuration takes from each group, by group."""
    return {line.key: line.value for line in key_lines(CONF_DIR / "config.yaml") if line.is_choice}


def _choice_rows(verb: Verb) -> Iterator[tuple[str, str]]:
    for line in key_lines(CONF_DIR / "config.yaml"):
        if line.is_choice and line.key in verb.keys:
            others = [name for name in choices(line.key) if name != line.value]
            yield f"{line.key}={'|'.join([line.value, *others])}", line.meaning


def _key_rows(verb: Verb) -> Iterator[tuple[str, str]]:
    for group in default_choices():
        if group in ("experiment", "space"):
            continue
        for line in group_lines(group):
            if group in verb.keys or line.key in verb.keys:
                yield f"{line.key}={line.value}", line.meaning
    for line in key_lines(CONF_DIR / "config.yaml"):
        if not line.is_choice and line.key in verb.keys:
            yield f"{line.key}={line.value}", line.meaning
    if "space" in verb.keys:
        yield "space.KEY={low:,high:}", RANGES
        for line in key_lines(CONF_DIR / "space" / f"{default_choices()['space']}.yaml"):
            if line.value:
                yield f"space.{line.key}", f"{line.value}  {line.meaning}"


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    """Set rows in two columns; a left cell that is too wide gets a line of its own."""
    left_width = min(MAX_KEY_WIDTH, max(len(left) for left, _ in rows))
    indent = " " * (left_width + 4)
    width = max(len(indent) + MIN_TEXT_WIDTH, shutil.get_terminal_size((PIPE_WIDTH, 0)).columns)
    lines = []
    for left, right in rows:
        text = textwrap.wrap(
            right, width - len(indent), break_long_words=False, break_on_hyphens=False
        ) or [""]
        if len(left) > left_width:
            lines.append(f"  {left}")
        else:
            text[0] = f"  {left:{left_width}}  {text[0]}"
            lines.append(text.pop(0))
        lines += [f"{indent}{line}" for line in text]
    return [line.rstrip() for line in lines]
