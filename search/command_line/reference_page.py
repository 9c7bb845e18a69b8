"""The reference of verbs and keys as a Markdown page: ``docs/reference.md``."""

from collections.abc import Iterable, Iterator, Sequence

from search.command_line.reference import Choice, Group, Key
from search.command_line.verbs import VERBS, Verb

RENEWAL = "softshare keys to=docs/reference.md"
"""The command that writes the page anew."""


def page(groups: Sequence[Group]) -> str:
    """Return the page."""
    lines = [
        "# Reference: verbs and keys",
        "",
        f"*Made by `{RENEWAL}` from the code and the files under `conf`; `softshare keys GROUP` "
        "prints a part of it, `output=json` for programs.*",
        "",
        "A command is `softshare VERB [key=value ...]` in Hydra's override grammar: "
        "`group=name` chooses a file of `conf/group`, `group.key=value` sets a key, `+key=value` "
        "adds one, `~key` removes one, lists are `[a,b]`, and text with special characters is "
        "`'quoted'`.",
        "",
        "## Verbs",
        "",
        *_verbs(),
    ]
    for group in groups:
        lines += ["", *_group(group)]
    return "\n".join(lines) + "\n"


def _verbs() -> Iterator[str]:
    yield from _table(("usage", "what it does", "keys it reads"), map(_verb_row, VERBS.values()))


def _verb_row(verb: Verb) -> tuple[str, ...]:
    said = [verb.summary, *(f"{_code(a.form)}: {a.meaning}" for a in verb.arguments)]
    return _code(verb.usage), "<br>".join(said), ", ".join(map(_code, verb.keys))


def _group(group: Group) -> Iterator[str]:
    yield f"## {group.name or 'Keys that stand alone'}"
    yield ""
    said = [_sentence(group.summary)]
    if group.module:
        source = f"{group.module.replace('.', '/')}.py"
        said.append(f"From [`{source}`](../{source}).")
    if group.verbs:
        said.append(f"Read by {', '.join(map(_code, group.verbs))}.")
    yield " ".join(said)
    if group.about:
        yield ""
        yield _sentence(group.about.replace("``", "`"))
    if len(group.choices) > 1:
        yield ""
        yield from _table(("choice", "what it is"), (_choice_row(group, c) for c in group.choices))
    if group.keys:
        yield ""
        yield from _keys(group.keys)


def _choice_row(group: Group, choice: Choice) -> tuple[str, ...]:
    path = f"conf/{group.name}/{choice.name}.yaml"
    return f"[`{group.name}={choice.name}`](../{path})", choice.purpose


def _keys(keys: Sequence[Key]) -> Iterator[str]:
    columns = ["key", "default", "must be", "meaning and source"]
    with_others = any(key.others for key in keys)
    rows = ((*_key_row(key), *([_others(key)] if with_others else [])) for key in keys)
    yield from _table([*columns, *(["other choices"] if with_others else [])], rows)


def _key_row(key: Key) -> tuple[str, ...]:
    return _code(key.key), _code(key.default), key.kind, key.meaning


def _others(key: Key) -> str:
    return "<br>".join(
        f"{other.choice}: {_code(other.value)}" + (f", {other.comment}" if other.comment else "")
        for other in key.others
    )


def _table(columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    columns = list(columns)
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _code(text: str) -> str:
    return f"`{text}`"


def _sentence(text: str) -> str:
    """Return a phrase with a capital in front and a full stop behind."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
