"""Somebody's own code is found by name, and only where the operator of this machine allows it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.factories import GIVEN_IN_PYTHON, CodeConfig, find_factory

NETS = """
from os import getcwd

HIDDEN = 5

class Net:
    pass

def make():
    return HIDDEN

def broken():
    return make_layer(0)

def make_layer(width):
    raise ValueError(f"width must be > 0,\\nbut is {width}")
"""


@pytest.fixture
def code(tmp_path: Path) -> Iterator[CodeConfig]:
    """The folder of a package ``own_code`` that may be named."""
    package = tmp_path / "own_code"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "nets.py").write_text(NETS)
    (package / "faulty.py").write_text("import a_package_that_nobody_has")
    before = list(sys.path)
    yield CodeConfig(allowed=["own_code"], dir=str(tmp_path))
    sys.path[:] = before
    for name in [name for name in sys.modules if name.startswith("own_code")]:
        del sys.modules[name]


def test_a_callable_of_an_allowed_package_is_found_and_called(code: CodeConfig) -> None:
    assert find_factory("own_code.nets:make", "model.factory", code)() == 5
    made = find_factory("own_code.nets:Net", "model.factory", code)()
    assert type(made).__name__ == "Net"


def test_the_folder_stands_behind_all_installed_packages(code: CodeConfig) -> None:
    find_factory("own_code.nets:make", "model.factory", code)
    assert sys.path[-1] == str(Path(str(code.dir)).resolve())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "os:getcwd",
            r"a module that code\.allowed lists on this machine \(own_code\), but got os",
        ),
        ("own_code_2.nets:make", r"add code\.allowed=\[own_code_2\] if you trust it"),
        ("own_code.nets:getcwd", "getcwd, which comes from posix"),
        ("own_code.nets:HIDDEN", r"that can be called in own_code\.nets, but got HIDDEN"),
        ("own_code.nets:missing", r"that can be called in own_code\.nets, but got missing"),
        ("own_code.nets", "of the form package.module:callable, but got own_code.nets"),
        ("own_code.nets:make()", "of the form package.module:callable"),
        ("own_code.nets:Net.make", "of the form package.module:callable"),
        ("own_code.netz:make", r"no module own_code\.netz; install it, or set code\.dir"),
        ("own_code.faulty:make", "own_code.faulty raised ModuleNotFoundError: No module named"),
        (GIVEN_IN_PYTHON, "was given in Python"),
    ],
)
def test_what_cannot_be_had_is_refused_in_one_line(
    code: CodeConfig, name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        find_factory(name, "model.factory", code)
    assert str(caught.value).startswith("model.factory")
    assert "\n" not in str(caught.value)


def test_nothing_is_allowed_by_default() -> None:
    with pytest.raises(ConfigError, match=r"on this machine \(none\), but got json:loads; add"):
        find_factory("json:loads", "data.factory", CodeConfig())
    with pytest.raises(ConfigError, match=r"code\.allowed must be names of modules"):
        CodeConfig(allowed=["*"])


def test_what_a_factory_raises_is_told_with_its_own_short_traceback(code: CodeConfig) -> None:
    factory = find_factory("own_code.nets:broken", "model.factory", code)
    with pytest.raises(ConfigError) as caught:
        factory()
    assert str(caught.value) == (
        "model.factory: own_code.nets:broken raised ValueError: width must be > 0, but is 0 "
        "(nets.py:16 in make_layer < nets.py:13 in broken)"
    )
