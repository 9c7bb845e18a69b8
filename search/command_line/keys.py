"""``keys``: the reference of the configuration, on the screen, as JSON or as a Markdown page."""

import difflib
from collections.abc import Sequence
from dataclasses import asdict, replace

from core.codec import write_file
from core.errors import ConfigError
from search.command_line.printing import print_json, print_lines, print_table
from search.command_line.reference import Group, Key, all_groups
from search.command_line.reference_page import page
from search.command_line.request import Request
from search.configuration import OutputFormat, compose


def keys(request: Request) -> None:
    """Print the keys that were asked for, or write all of them as a page."""
    groups = all_groups()
    asked = request.arguments.get("group")
    if "to" in request.arguments:
        if asked is not None:
            raise ConfigError("to=FILE.md writes all groups; leave one of the two out")
        write_file(request.path("to"), page(groups).encode())
        print_lines(f"{request.path('to')}: {sum(len(group.keys) for group in groups)} keys")
        return
    chosen = groups if asked is None else _chosen(groups, asked)
    if compose(request.overrides).output is OutputFormat.json:
        print_json([asdict(group) for group in chosen])
    elif len(chosen) == 1 and [key.key for key in chosen[0].keys] == [asked]:
        _print_key(chosen[0].keys[0], chosen[0])
    else:
        for group in chosen:
            _print_group(group)


def _chosen(groups: Sequence[Group], asked: str) -> list[Group]:
    """Return the group, or the part of it, that a word names.

    Raises:
        ConfigError: it names nothing.
    """
    found = []
    for group in groups:
        inside = tuple(
            key for key in group.keys if key.key == asked or key.key.startswith(f"{asked}.")
        )
        if inside or group.name == asked:
            found.append(replace(group, keys=inside))
    if found:
        return found
    names = [group.name for group in groups if group.name]
    every = [key.key for group in groups for key in group.keys]
    near = difflib.get_close_matches(asked, [*names, *every], n=1)
    ends = [key for key in every if key.endswith(f".{asked}")] or near
    guess = f"; did you mean {' or '.join(ends)}?" if ends else ""
    raise ConfigError(f"GROUP must be one of {', '.join(names)}, or a key, but got {asked}{guess}")


def _print_group(group: Group) -> None:
    title = f"{group.name or 'alone'}: {group.summary}"
    if len(group.choices) > 1:
        rows = [(f"{group.name}={choice.name}", choice.purpose) for choice in group.choices]
        print_table(title, ("choice", "what it is"), rows, num_text_columns=2)
        title = ""
    if group.keys:
        print_table(
            title,
            ("key", "default", "must be", "meaning"),
            [(key.key, key.default, key.kind, key.meaning) for key in group.keys],
            num_text_columns=4,
        )


def _print_key(key: Key, group: Group) -> None:
    print_lines(f"{key.key}={key.default}", f"  {key.meaning}", f"  must be {key.kind}")
    for other in key.others:
        comment = f"  {other.comment}" if other.comment else ""
        print_lines(f"  {group.name}={other.choice}: {other.value}{comment}")
