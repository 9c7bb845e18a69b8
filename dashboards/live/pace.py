"""How often a study's page is drawn again while its trials end faster than they can be drawn.

Workers may run on the same machine: what keeps a page up to date has a share of the time, and no
more. A page at rest follows at once; one whose study never rests is a few seconds behind.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_REST_SECONDS = 10.0
"""No page is further behind than this, however dear it is to draw."""


@dataclass
class Pace:
    """Holds back the news of a study while its page rests.

    Attributes:
        max_load: share of the time that drawing again may take, in (0, 1]; 1 lets nothing rest.
        now: the time in seconds.
    """

    max_load: float
    now: Callable[[], float] = time.monotonic
    _told: dict[str, str] = field(default_factory=dict, repr=False)
    _rests_until: dict[str, float] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def told(self, study: str, state: str) -> str:
        """Return what is told of a study that is in a state: that, or what was told before."""
        with self._lock:
            if self.now() >= self._rests_until.get(study, 0.0):
                self._told[study] = state
            return self._told.setdefault(study, state)

    def drew(self, study: str, seconds: float) -> None:
        """Let a study rest after the drawing that its news have caused.

        Args:
            study: its name.
            seconds: that the drawing took.
        """
        rest = min(seconds * (1 / self.max_load - 1), MAX_REST_SECONDS)
        with self._lock:
            self._rests_until[study] = self.now() + rest
