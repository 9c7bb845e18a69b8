"""Plain trees become typed dataclasses, and back; whatever does not fit is refused in one line."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, require
from search.conversion import build, convert, leaves, nested, replaced, tree_of, type_at


class Colour(Enum):
    red = "red"
    blue = "blue"


@dataclass(kw_only=True)
class Inner:
    width: float = 1.0
    depth: int | None = 3

    def __post_init__(self) -> None:
        require(self.width > 0, "inner.width", "> 0", self.width)


@dataclass(kw_only=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    colour: Colour = Colour.red
    folder: Path = Path("runs")
    names: list[str] = field(default_factory=list)
    anything: dict[str, Any] = field(default_factory=dict)
    on: bool = False


def test_missing_keys_keep_their_defaults() -> None:
    assert build(Outer, {"inner": {"depth": None}, "colour": "blue"}) == Outer(
        inner=Inner(depth=None), colour=Colour.blue
    )


def test_a_tree_of_a_config_builds_it_again() -> None:
    config = Outer(
        inner=Inner(width=2.5), colour=Colour.blue, names=["a"], anything={"b": {"c": 1}}, on=True
    )
    assert build(Outer, tree_of(config)) == config


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"inner": {"width": "wide"}}, "inner.width must be a number, but got wide"),
        ({"inner": {"width": True}}, "inner.width must be a number, but got true"),
        ({"inner": {"width": float("inf")}}, "inner.width must be a number, but got inf"),
        ({"inner": {"width": None}}, "inner.width must be a number, but got null"),
        ({"inner": {"width": -1}}, "inner.width must be > 0, but got -1.0"),
        ({"inner": {"depth": 1.0}}, "inner.depth must be a whole number or null, but got 1.0"),
        ({"inner": {"depth": True}}, "inner.depth must be a whole number or null, but got true"),
        ({"inner": 3}, "inner must be a group of keys, but got 3"),
        ({"colour": "green"}, "colour must be one of red, blue, but got green"),
        ({"on": "yes"}, "on must be true or false, but got yes"),
        ({"on": 1}, "on must be true or false, but got 1"),
        ({"names": "a"}, "names must be a list such as [a, b], but got a"),
        ({"names": [["a"]]}, "names[0] must be text, but got ['a']"),
        ({"folder": ""}, "folder must be a path, but got "),
        ({"anything": []}, "anything must be a group of keys, but got []"),
        (
            {"inner": {"widht": 1}},
            "unknown key inner.widht; did you mean inner.width? the keys of inner are depth, width",
        ),
        ({"x": 1}, "unknown key x; the keys are anything, colour, folder, inner, names, on"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_key_and_rule(
    tree: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        build(Outer, tree)
    assert str(error.value) == message


def test_whole_numbers_pass_for_fractions() -> None:
    width = build(Outer, {"inner": {"width": 2}}).inner.width
    assert (width, type(width)) == (2.0, float)


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert convert("~/cache", Path, "folder") == Path("/home/somebody/cache")


def test_replacing_values_validates_them_and_leaves_the_others() -> None:
    config = Outer(inner=Inner(depth=7))
    assert replaced(config, {"inner": {"width": 3}}).inner == Inner(width=3.0, depth=7)
    assert config.inner.width == 1.0
    with pytest.raises(ConfigError, match=r"inner.width must be > 0, but got 0.0"):
        replaced(config, {"inner": {"width": 0}})
    with pytest.raises(ConfigError, match=r"unknown key inner\.size"):
        replaced(config, {"inner": {"size": 0}})


def test_the_type_of_a_dotted_key_is_found() -> None:
    assert type_at(Outer, "inner.width") is float
    with pytest.raises(ConfigError, match=r"inner.width has no keys below it, but got"):
        type_at(Outer, "inner.width.metres")


keys = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3).map(".".join)


@given(st.dictionaries(keys, st.integers()))
def test_nesting_and_taking_leaves_are_inverse(params: dict[str, int]) -> None:
    is_prefix = any(a != b and b.startswith(f"{a}.") for a in params for b in params)
    if not is_prefix:  # a key cannot have both a value and keys below it
        assert dict(leaves(nested(params))) == params
