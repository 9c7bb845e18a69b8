"""Keeps the last results of what several figures of one page ask of the same study."""

import threading
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from search.records import StudySnapshot

_P = ParamSpec("_P")
_R = TypeVar("_R")

_MOST = 4


def remembered(
    function: Callable[Concatenate[StudySnapshot, _P], _R],
) -> Callable[Concatenate[StudySnapshot, _P], _R]:
    """Let a pure function of a study keep its last results; a study is known by its identity.

    The parts of a page ask at once, each in a thread of its own: one of them computes, the others
    wait for it.
    """
    last: deque[tuple[StudySnapshot, object, _R]] = deque(maxlen=_MOST)
    lock = threading.RLock()

    @wraps(function)
    def ask(snapshot: StudySnapshot, /, *args: _P.args, **options: _P.kwargs) -> _R:
        asked = (args, options)
        with lock:
            for known, before, result in last:
                if known is snapshot and before == asked:
                    return result
            result = function(snapshot, *args, **options)
            last.append((snapshot, asked, result))
            return result

    return ask
