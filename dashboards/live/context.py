"""What all pages share: the database as it is watched, what browsers have, slow measurements."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.errors import ConfigError
from dashboards.figures import ImportanceData, importance_data
from dashboards.live.drawn import Drawn
from dashboards.live.pace import Pace
from dashboards.live.watch import Watch
from dashboards.palette import DARK, LIGHT, Palette
from search.conversion import build
from search.reading import of_another_version
from search.records import StudySnapshot
from search.scoring import ScoreConfig
from search.serving import DashboardSource

_MAX_COMMANDS = 64  # to compose a configuration takes most of a second

_GROWTH = 1.1
"""Importance is measured again when there are so many times as many trials."""

_SHARE = 0.02
"""So much of the time may go to measuring importance: workers may run on the same machine."""


@dataclass
class Context:
    """What all pages share.

    Attributes:
        watch: reads the database.
        source: what the page is made from.
        drawn: the figures that browsers have.
        importances: measures importances beside the requests.
        pace: how often the pages of a study are drawn again.
    """

    watch: Watch
    source: DashboardSource
    drawn: Drawn = field(default_factory=Drawn)
    importances: "Importances" = field(default_factory=lambda: Importances(importance_data))
    pace: Pace = field(init=False)
    _commands: dict[str, str | None] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.source.dashboard.max_load)

    def command_of(self, study: StudySnapshot, number: int) -> str | None:
        """Return the command that makes a trial's file again, None where there is none."""
        config = self.watch.trial_config(study.study.name, number)
        key = json.dumps([study.study.config, config, number], sort_keys=True)
        with self._lock:
            if key in self._commands:
                return self._commands[key]
        target = f"trial-{number}-again.sws"
        command = self.source.command(study.study.config, config, target)
        with self._lock:
            if len(self._commands) >= _MAX_COMMANDS:
                self._commands.clear()
            self._commands[key] = command
        return command

    def score_of(self, snapshot: StudySnapshot) -> ScoreConfig:
        """Return the score that a study is looked at with.

        Raises:
            StudyError: it was stored by another version.
        """
        config = snapshot.study.config
        try:
            _ = config["model"]["name"]  # what every page names a study by
            own = build(ScoreConfig, config["score"], "score.")
        except (ConfigError, KeyError, TypeError) as error:
            raise of_another_version(snapshot.study.name, error) from error
        return self.source.score or own


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """A measurement: of which study, with how many trials, and when one may be made again."""

    created_at: datetime
    num_trials: int
    data: ImportanceData
    again_at: float

    def is_due(self, num_trials: int) -> bool:
        has_grown = num_trials >= max(_GROWTH * self.num_trials, self.num_trials + 1)
        return has_grown and time.monotonic() >= self.again_at


@dataclass
class Importances:
    """Importances by study, measured in a thread: for thousands of trials it takes seconds.

    Nothing is measured unless somebody looks at it.
    """

    measure: Callable[[StudySnapshot, ScoreConfig], ImportanceData]
    _known: dict[str, _Measured] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def known(self, snapshot: StudySnapshot) -> ImportanceData | None:
        """Return the last measurement, None before the first."""
        with self._lock:
            last = self._last(snapshot)
        return None if last is None else last.data

    def measured(self, snapshot: StudySnapshot, config: ScoreConfig) -> ImportanceData | None:
        """Return the last measurement, None before the first; begins a new one where it is due."""
        name = snapshot.study.name
        with self._lock:
            known = self._last(snapshot)
            is_due = known is None or known.is_due(snapshot.num_finished)
            if is_due and name not in self._running:
                self._running.add(name)
                thread = threading.Thread(
                    target=self._run, args=(snapshot, config), name="importance", daemon=True
                )
                thread.start()
        return None if known is None else known.data

    def _last(self, snapshot: StudySnapshot) -> _Measured | None:
        last = self._known.get(snapshot.study.name)
        return last if last and last.created_at == snapshot.study.created_at else None

    def _run(self, snapshot: StudySnapshot, config: ScoreConfig) -> None:
        name = snapshot.study.name
        begun = time.monotonic()
        try:
            data = self.measure(replace(snapshot, epochs=()), config)
            ended = time.monotonic()
            with self._lock:
                self._known[name] = _Measured(
                    created_at=snapshot.study.created_at,
                    num_trials=snapshot.num_finished,
                    data=data,
                    again_at=ended + (ended - begun) / _SHARE,
                )
        finally:
            with self._lock:
                self._running.discard(name)


def palette_of(theme: str | None) -> Palette:
    """Return the colours of a theme by its name."""
    return DARK if theme == "dark" else LIGHT
