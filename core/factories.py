"""Somebody's own code, by name: ``package.module:callable``, of modules that the operator allows.

A configuration may come out of a stranger's database, so that a name in it is data. It is looked up
only in modules that whoever runs this process has listed, on this machine and for this process.
"""

import importlib
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ConfigError, SoftshareError, require

GIVEN_IN_PYTHON = "(given in Python)"
"""Stands for a factory in the configuration of a study whose network or data came as objects."""

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_MAX_FRAMES = 3
_NOT_THEIRS = {"torch", "importlib", "<frozen importlib._bootstrap>"}
_OURS = Path(__file__).parent


@dataclass(kw_only=True)
class CodeConfig:
    """The code of the operator's that factories may come from; of one process, never of a study.

    Attributes:
        allowed: modules and packages whose callables may be named as factories; none by default.
        dir: folder that they are imported from, if they are not installed; None for none.
    """

    allowed: list[str] = field(default_factory=list)
    dir: str | None = None

    def __post_init__(self) -> None:
        for name in self.allowed:
            require(
                _MODULE.fullmatch(name) is not None,
                "code.allowed",
                "names of modules such as [my_package]",
                name,
            )

    def allows(self, module: str) -> bool:
        """Return whether a module is listed or lies in a package that is."""
        return any(module == name or module.startswith(f"{name}.") for name in self.allowed)


def find_factory(name: str, key: str, code: CodeConfig) -> Callable[[], Any]:
    """Return the factory of a name; calling it runs it, and explains what it raises.

    Args:
        name: ``package.module:callable``.
        key: the configuration key that names it.
        code: what the operator allows.

    Raises:
        ConfigError: the name is none, its module is not allowed or cannot be imported, or has no
            such callable. What the factory itself raises becomes one, too, with the last lines of
            its traceback.
    """
    if name == GIVEN_IN_PYTHON:
        raise ConfigError(
            f"{key} was given in Python, where this study was made; go on with it there"
        )
    require(_NAME.fullmatch(name) is not None, key, "of the form package.module:callable", name)
    module_name, _, attribute = name.partition(":")
    listed = ", ".join(code.allowed) or "none"
    require(
        code.allows(module_name),
        key,
        f"of a module that code.allowed lists on this machine ({listed})",
        name,
        f"add code.allowed=[{module_name.partition('.')[0]}] if you trust it",
    )
    module = _imported(module_name, key, code)
    found = getattr(module, attribute, None)
    if found is None or not callable(found):
        raise ConfigError(
            f"{key} must be something that can be called in {module_name}, but got {attribute}"
        )
    home = getattr(found, "__module__", None) or ""
    require(
        code.allows(home),
        key,
        "written in a module that code.allowed lists",
        f"{name}, which comes from {home or 'nowhere'}",
    )

    def call() -> Any:
        with explaining(key, name):
            return found()

    return call


@contextmanager
def explaining(key: str, name: str) -> Iterator[None]:
    """Turn what somebody's code raises into one ``ConfigError`` with a short traceback.

    Args:
        key: the configuration key that names the code.
        name: what is run.
    """
    try:
        yield
    except SoftshareError:
        raise
    except Exception as error:  # whatever their code may raise
        reason = " ".join(str(error).split()) or "no message"
        raise ConfigError(
            f"{key}: {name} raised {type(error).__name__}: {reason} ({_places(error)})"
        ) from error


def _imported(module_name: str, key: str, code: CodeConfig) -> Any:
    if code.dir is not None:
        folder = Path(code.dir).expanduser().resolve()
        require(folder.is_dir(), "code.dir", "a folder", code.dir)
        if str(folder) not in sys.path:
            sys.path.append(str(folder))  # last: it must not stand in for installed packages
            importlib.invalidate_caches()
    try:
        with explaining(key, module_name):
            return importlib.import_module(module_name)
    except ConfigError as error:
        missing = error.__cause__
        if isinstance(missing, ModuleNotFoundError) and module_name.startswith(missing.name or " "):
            raise ConfigError(
                f"{key} must be of a module that can be imported, but there is no module "
                f"{missing.name}; install it, or set code.dir to the folder that it is in"
            ) from missing
        raise


def _places(error: Exception) -> str:
    """Return where an error came from, the innermost place first: not in torch, nor with us."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not (set(Path(f.filename).parts) & _NOT_THEIRS)]
    theirs = [f for f in theirs if not Path(f.filename).is_relative_to(_OURS)] or frames
    return " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"
        for frame in reversed(theirs[-_MAX_FRAMES:])
    )
