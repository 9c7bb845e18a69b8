"""What changes from one figure to the next, so that a browser is sent no more than that.

A figure is plotly's JSON: dictionaries, lists and plain values. Trials are added at the end of
lists or, where one leaves the front, inside them; so lists are compared by looking a few places
ahead, in time linear in their length.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from dash import Patch

_LOOK_AHEAD = 12
_SURE = 3
"""So many equal values in a row say that two lists go on together."""

Path = tuple[str | int, ...]
Change = tuple[str, Path, Any]
"""``assign``, ``delete``, ``insert`` or ``extend``, where, and what, one upon the other."""


def figure_patch(old: Any, new: Any) -> Patch | None:
    """Return a patch that makes one figure of the other; None where a whole one is smaller."""
    found = list(changes(old, new))
    if any(path == () for _, path, _ in found) or len(found) > 400:
        return None
    patch = Patch()
    for kind, path, value in found:
        place = patch
        for step in path[:-1] if kind != "extend" else path:
            place = place[step]
        if kind == "assign":
            place[path[-1]] = value
        elif kind == "delete":
            del place[path[-1]]
        elif kind == "insert":
            place.insert(int(path[-1]), value)
        else:
            place.extend(value)
    return patch


def changes(old: Any, new: Any, path: Path = ()) -> Iterator[Change]:
    """Yield what makes one tree of the other, to be done in this order."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() - new.keys():
            yield "delete", (*path, key), None
        for key, value in new.items():
            if key not in old:
                yield "assign", (*path, key), value
            elif old[key] is not value:
                yield from changes(old[key], value, (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        if old != new:
            yield from _list_changes(old, new, path)
    elif type(old) is not type(new) or old != new:
        yield "assign", path, new


def _list_changes(old: list[Any], new: list[Any], path: Path) -> Iterator[Change]:
    if any(isinstance(value, dict | list) for value in (*old[:1], *new[:1])):
        yield from _tree_list_changes(old, new, path)
        return
    steps = _splices(old, new)
    if steps is None:
        yield "assign", path, new
        return
    for kind, index, value in steps:
        yield (kind, path if kind == "extend" else (*path, index), value)


def _tree_list_changes(old: list[Any], new: list[Any], path: Path) -> Iterator[Change]:
    """Compare place by place: traces, shapes and annotations are few."""
    for index, (one, other) in enumerate(zip(old, new, strict=False)):
        yield from changes(one, other, (*path, index))
    for index in range(len(old) - 1, len(new) - 1, -1):
        yield "delete", (*path, index), None
    if len(new) > len(old):
        yield "extend", path, new[len(old) :]


def _splices(old: Sequence[Any], new: Sequence[Any]) -> list[tuple[str, int, Any]] | None:
    """Return single insertions and deletions, or None where the lists have too little in common."""
    steps: list[tuple[str, int, Any]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if _same(old[i], new[j]):
            i, j = i + 1, j + 1
            continue
        step = _resync(old, new, i, j)
        if step is None or len(steps) > len(new) // 8 + 8:
            return None
        removed, added = step
        steps += [("delete", j, None)] * removed
        steps += [("insert", j + k, new[j + k]) for k in range(added)]
        i, j = i + removed, j + added
    steps += [("delete", index, None) for index in range(j + len(old) - i - 1, j - 1, -1)]
    if j < len(new):
        steps.append(("extend", j, list(new[j:])))
    return steps


def _resync(old: Sequence[Any], new: Sequence[Any], i: int, j: int) -> tuple[int, int] | None:
    """Return how many to remove and to add until both lists go on together, the fewest."""
    for total in range(1, 2 * _LOOK_AHEAD):
        for removed in range(max(0, total - _LOOK_AHEAD), min(total, _LOOK_AHEAD) + 1):
            added = total - removed
            one = old[i + removed : i + removed + _SURE]
            other = new[j + added : j + added + _SURE]
            ends = i + removed >= len(old) and j + added >= len(new)
            if ends or (len(one) == len(other) > 0 and all(map(_same, one, other))):
                return removed, added
    return None


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
