"""Compiled loops: numba with a cache on disk that notices every change of a room.

numba's cache looks at the file of a function alone, but constants and functions of other files are
compiled into it. Files written by loops with outdated constants would be files that nobody else can
read. So the name that a loop is cached under holds a digest of all sources of its room.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[Function], Function]:
    """Return a decorator that compiles a loop on first use and caches the machine code on disk.

    A loop may take constants and other loops from its own room, and no others.

    Args:
        options: numba's, beside those that all loops have.
    """

    def compile_it(function: Function) -> Function:
        function.__qualname__ += f"-{digest(room_of(function.__module__))}"
        return cast(Function, numba.njit(cache=True, nogil=True, **options)(function))

    return compile_it


def room_of(module: str) -> str:
    """Return the package below the top one that a module is in: ``core.codec`` and the like."""
    return ".".join(module.split(".")[:2])


@cache
def digest(package: str) -> str:
    """Return a digest of all sources of a package, those of its packages included."""
    hashed = hashlib.sha256()
    for folder in map(Path, sys.modules[package].__path__):
        for source in sorted(folder.rglob("*.py")):
            hashed.update(source.read_bytes())
    return hashed.hexdigest()[:12]
