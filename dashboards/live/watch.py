"""What the page knows of a database: read anew as it ages, kept while the database is away."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from core.errors import SoftshareError
from core.trace import Trace
from search.artifacts import read_artifact
from search.database_errors import unreachable
from search.errors import StudyError
from search.overview import WorkerRecord, read_study_names, read_trial_config, read_workers
from search.read_only import open_for_reading
from search.reading import read_curves, read_study
from search.records import EpochRecord, StudySnapshot, TrialRecord
from search.storage import Database, StorageConfig
from search.traces import load_trace

Read = TypeVar("Read")


@dataclass
class _Kept:
    """Something that was read, when, and what went wrong since."""

    value: object = None
    tried_at: float = float("-inf")
    error: SoftshareError | None = None


@dataclass
class Watch:
    """One database, read for all pages that are open: however many, it is asked no more often.

    Attributes:
        config: where it is.
        seconds: age from which something is read anew.
    """

    config: StorageConfig
    seconds: float
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _database: Database | None = field(default=None, repr=False)
    _kept: dict[tuple[str, ...], _Kept] = field(default_factory=dict, repr=False)
    _read_at: datetime | None = None
    _trouble: SoftshareError | None = None

    def open(self) -> Database:
        """Open the database unless it is open.

        Raises:
            StorageError: it cannot be used.
        """
        with self._lock:
            if self._database is None:
                self._database = open_for_reading(self.config)
            return self._database

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    @property
    def trouble(self) -> str | None:
        """What is wrong with the database at the moment, or None."""
        if self._trouble is None:
            return None
        since = (
            "" if self._read_at is None else f" Shown is what was read at {_clock(self._read_at)}."
        )
        return f"{self._trouble}.{since} This page goes on by itself when the database is back."

    def names(self) -> tuple[str, ...]:
        """Return the names of the studies, the youngest first."""
        return self._fresh(("names",), lambda _: read_study_names(self.open()))

    def workers(self) -> tuple[WorkerRecord, ...]:
        """Return who works at the moment."""
        return self._fresh(("workers",), lambda _: read_workers(self.open()))

    def study(self, name: str) -> StudySnapshot:
        """Return a study with the learning curves of the trials that run.

        Raises:
            SoftshareError: it is not there, or could not be read even once.
        """

        def read(known: StudySnapshot | None) -> StudySnapshot:
            database = self.open()
            return read_study(database, name, only_running_epochs=True, known=known)

        return self._fresh(("study", name), read)

    def trial(self, name: str, number: int) -> TrialRecord:
        """Return a trial.

        Raises:
            StudyError: there is none of this number.
        """
        trials = self.study(name).trials
        for trial in trials[number : number + 1]:  # where no trial waits it is in its place
            if trial.number == number:
                return trial
        for trial in trials:
            if trial.number == number:
                return trial
        last = f"its trials are 0 to {trials[-1].number}" if trials else "none has started yet"
        raise StudyError(f"study {name} has no trial {number}; {last}")

    def curves(self, name: str, numbers: Collection[int]) -> tuple[EpochRecord, ...]:
        """Return the learning curves of some trials."""
        chosen = sorted(set(numbers))
        key = ("curves", name)
        epochs: tuple[EpochRecord, ...] = self._fresh(
            (*key, ",".join(map(str, chosen))), lambda _: read_curves(self.open(), name, chosen)
        )
        self._forget_others(key)
        return epochs

    def trace(self, trial: TrialRecord) -> Trace | None:
        """Return what a trial did to its weights, or None where that was not kept."""
        return self._once(lambda: load_trace(self.open(), trial))

    def trial_config(self, name: str, number: int) -> dict[str, object]:
        """Return the groups of the configuration that a trial ran with."""
        return dict(self._once(lambda: read_trial_config(self.open(), name, number)))

    def file(self, name: str, trial: TrialRecord) -> bytes:
        """Return the compressed file of a trial.

        Raises:
            StudyError: it has none.
        """
        if trial.artifact_id is None:
            raise StudyError(
                f"trial {trial.number} of study {name} has no file: it is {trial.state}"
            )
        artifact_id = trial.artifact_id
        return self._once(lambda: read_artifact(self.open(), artifact_id))

    def _once(self, read: Callable[[], Read]) -> Read:
        try:
            return read()
        except SQLAlchemyError as error:
            raise unreachable(self.config.parsed, error) from error

    def _fresh(self, key: tuple[str, ...], read: Callable[[Read | None], Read]) -> Read:
        """Return what is kept, read anew where it has aged; the last of it while that fails."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            if time.monotonic() - kept.tried_at >= self.seconds:
                known: Read | None = kept.value  # type: ignore[assignment]  # read by this key
                try:
                    kept.value, kept.error = self._once(lambda: read(known)), None
                    self._read_at, self._trouble = datetime.now(UTC), None
                except StudyError as error:
                    del self._kept[key]
                    raise error
                except SoftshareError as error:
                    kept.error = self._trouble = error
                kept.tried_at = time.monotonic()
            if kept.value is None and kept.error is not None:
                raise kept.error
            value: Read = kept.value  # type: ignore[assignment]  # read by this key
            return value

    def _forget_others(self, key: tuple[str, ...], most: int = 8) -> None:
        """Let go of what was read longest ago of many things of a kind."""
        with self._lock:
            mine = [k for k in self._kept if k[: len(key)] == key]
            mine.sort(key=lambda k: self._kept[k].tried_at)
            for old in mine[:-most]:
                del self._kept[old]


def only(snapshot: StudySnapshot, epochs: tuple[EpochRecord, ...]) -> StudySnapshot:
    """Return a study with other learning curves."""
    return replace(snapshot, epochs=epochs)


def _clock(time: datetime) -> str:
    return f"{time:%H:%M:%S} UTC"
