"""What changes between two figures, done to the first, makes the second."""

import copy
from typing import Any

import plotly.graph_objects as go
from dash import no_update
from hypothesis import given
from hypothesis import strategies as st

from dashboards.live.changes import Change, changes, figure_patch
from dashboards.live.drawn import Drawn

VALUES = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2)
TREES = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=20,
)


def done(tree: Any, steps: list[Change]) -> Any:
    """Do to a tree what a browser does with a patch."""
    holder = {"tree": copy.deepcopy(tree)}
    for kind, path, value in steps:
        place: Any = holder
        at: list[str | int] = ["tree", *path]
        for step in at[:-1]:
            place = place[step]
        if kind == "assign":
            place[at[-1]] = value
        elif kind == "delete":
            del place[at[-1]]
        elif kind == "insert":
            place.insert(at[-1], value)
        else:
            place[at[-1]].extend(value)
    return holder["tree"]


@given(TREES, TREES)
def test_changes_make_one_tree_of_another(old: Any, new: Any) -> None:
    assert done(old, list(changes(old, new))) == new


@given(st.lists(st.integers(0, 50), max_size=80), st.data())
def test_lists_with_insertions_and_deletions_are_followed(
    old: list[int], data: st.DataObject
) -> None:
    new = list(old)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(new)))
        if data.draw(st.booleans()) or place == len(new):
            new.insert(place, data.draw(st.integers(0, 50)))
        else:
            del new[place]
    assert done({"x": old}, list(changes({"x": old}, {"x": new}))) == {"x": new}


def test_one_more_trial_is_one_small_change() -> None:
    old = {"data": [{"x": list(range(10_000)), "name": "a"}]}
    new = {"data": [{"x": [*range(500), -1, *range(501, 10_000), 10_000], "name": "a"}]}
    found = list(changes(old, new))
    assert len(found) <= 4
    assert done(old, found) == new


def test_a_figure_is_sent_once_then_its_changes_then_nothing() -> None:
    drawn = Drawn()
    figure = go.Figure({"layout": {"height": 100}})
    figure.add_scatter(x=[1, 2], y=[3, 4])
    whole, style, first = drawn.update(figure, None)
    assert whole["data"][0]["x"] == [1, 2]
    assert style == {"height": "100px"}
    assert drawn.update(figure, first) == (no_update, no_update, no_update)
    figure.data[0].x = [1, 2, 5]
    patch, _, second = drawn.update(figure, first)
    assert patch.to_plotly_json()["operations"] == [
        {"operation": "Extend", "location": ["data", 0, "x"], "params": {"value": [5]}}
    ]
    assert second != first
    # A browser with a figure that was forgotten gets the whole of the new one.
    assert Drawn().update(figure, first)[0]["data"][0]["x"] == [1, 2, 5]


def test_another_figure_altogether_is_sent_whole() -> None:
    old = {"data": [{"x": list(range(900))}]}
    new = {"data": [{"x": list(range(900, 0, -1))}]}
    patch = figure_patch(old, new)
    assert patch is not None
    assert [step["operation"] for step in patch.to_plotly_json()["operations"]] == ["Assign"]
