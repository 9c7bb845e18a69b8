"""Checkpoints of running trials in the artifact store, for whoever takes a trial over.

A trial whose worker dies or stops is tried again under a new number, with the parameters and the
seed of its first attempt: so it is the same compression, and any attempt's checkpoint fits. They
are stored under the number of that first attempt, the origin, one at a time.
"""

import contextlib
import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import Protocol

from optuna.artifacts.exceptions import ArtifactNotFound
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.checkpoint import Checkpoints
from core.outcome import EpochReport
from search.artifacts import Artifacts, load_artifact, save_artifact
from search.errors import ArtifactError, ArtifactStoreAwayError
from search.learning_curve import LearningCurve
from search.lease import LeaseKeeper
from search.outages import OUTAGES, Patience, is_outage
from search.schema import ArtifactTable, CheckpointTable
from search.study import OpenStudy

_STOPPING_SECONDS = 3.0  # of the ten that a process has to stop

_logger = logging.getLogger(__name__)


class Watch(Checkpoints, Protocol):
    """What a compression reports to: its epochs, and its checkpoints where they are wanted."""

    def __call__(self, report: EpochReport) -> None:
        """Take the report of an epoch; whatever this raises ends the compression."""


class StopRequested(Exception):  # noqa: N818 a request and no error
    """The process was told to stop; raised once the trial's checkpoint is stored."""


@dataclass(frozen=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint as it was stored.

    Attributes:
        trial_number: the attempt that stored it.
        epoch: epochs that were over then.
        is_outcome: whether it is how that attempt ended (``search.delivery``), and no compression's
            state.
        content: its bytes.
    """

    trial_number: int
    epoch: int
    is_outcome: bool
    content: bytes


class TrialWatch:
    """Stores a running trial's epochs, and its checkpoints now and then and when it is to stop.

    Attributes:
        last: the checkpoint to go on from, None to begin.
        epoch: epochs that are over.
        has_stored: whether a checkpoint was stored here.
    """

    def __init__(
        self,
        study: OpenStudy,
        trial_number: int,
        origin: int,
        lease: LeaseKeeper,
        stop: threading.Event,
        left: StoredCheckpoint | None,
    ) -> None:
        """Begin to watch.

        Args:
            study: the trial's.
            trial_number: the trial's.
            origin: number of the first attempt at it.
            lease: of its slot.
            stop: set when the process is to stop.
            left: what an earlier attempt left.
        """
        self.last = None if left is None else left.content
        self.has_stored = False
        self._study, self._trial_number, self._origin = study, trial_number, origin
        self._lease, self._stop = lease, stop
        self._curve = LearningCurve(study.storage, study.study_id, trial_number)
        self.epoch = self._left_epoch = 0 if left is None else left.epoch
        self._epochs_before = 0
        self._due_at = time.monotonic() + study.config.study.checkpoint_seconds
        if left is not None:
            self._curve.inherit(left.trial_number, left.epoch)

    def __call__(self, report: EpochReport) -> None:
        """Store an epoch.

        Raises:
            LeaseLostError: the slot is another's by now.
        """
        self.epoch = self._epochs_before + report.epoch
        num_epochs = self._epochs_before + report.num_epochs
        self._curve.add(replace(report, epoch=self.epoch, num_epochs=num_epochs))
        self._lease.check()

    def begin(self, epochs_before: int) -> None:
        """Begin with a schedule of the trial, so many epochs of shorter ones being over.

        What an earlier attempt left on a shorter one is forgotten.
        """
        self._epochs_before = epochs_before
        self.epoch = max(self.epoch, epochs_before)
        if self._left_epoch < epochs_before:
            self.last = None

    def begin_anew(self) -> None:
        """Forget what an earlier attempt left, which cannot be gone on from."""
        self.last, self.epoch = None, self._epochs_before

    def due(self) -> bool:
        """Return whether a checkpoint is due.

        Raises:
            LeaseLostError: the slot is another's by now.
        """
        self._lease.check()
        return self._stop.is_set() or time.monotonic() >= self._due_at

    def keep(self, checkpoint: bytes) -> None:
        """Store a checkpoint; where that fails the one before it stays.

        Raises:
            StopRequested: the process is to stop.
        """
        is_stopping = self._stop.is_set()
        patiently = Patience(seconds=_STOPPING_SECONDS if is_stopping else 0.0)
        stored = StoredCheckpoint(
            trial_number=self._trial_number,
            epoch=self.epoch,
            is_outcome=False,
            content=checkpoint,
        )
        try:
            self.has_stored = True  # or in part
            patiently(lambda: store_checkpoint(self._study, self._origin, stored))
        except OUTAGES as error:
            if not is_outage(error):
                raise
            _logger.warning("a checkpoint of trial %d is lost", self._trial_number)
        self._due_at = time.monotonic() + self._study.config.study.checkpoint_seconds
        if is_stopping:
            raise StopRequested


def store_checkpoint(study: OpenStudy, origin: int, stored: StoredCheckpoint) -> None:
    """Put a checkpoint into the place of the last one; an outcome gives way to none but its like.

    The last one is there until the new one is whole.
    """
    store = Artifacts(study.storage, study.artifact_place, checkpoint_of=study.study_id)
    artifact_id = save_artifact(store, stored.content)
    mine = (CheckpointTable.study_id == study.study_id, CheckpointTable.origin == origin)
    needless: str | None = artifact_id
    with contextlib.suppress(IntegrityError), study.storage.write() as connection:
        last = connection.execute(
            select(CheckpointTable.artifact_id, CheckpointTable.is_outcome)
            .where(*mine)
            .with_for_update()
        ).first()
        if last is None or stored.is_outcome or not last.is_outcome:
            connection.execute(delete(CheckpointTable).where(*mine))
            # Refused where another attempt was first at this moment: its checkpoint is as good.
            connection.execute(
                insert(CheckpointTable).values(
                    study_id=study.study_id,
                    origin=origin,
                    trial_number=stored.trial_number,
                    epoch=stored.epoch,
                    is_outcome=stored.is_outcome,
                    artifact_id=artifact_id,
                )
            )
            needless = None if last is None else last.artifact_id
    if needless is not None:
        _remove(study, needless)


def load_checkpoint(study: OpenStudy, origin: int) -> StoredCheckpoint | None:
    """Return the last checkpoint of a trial, None where there is none that can be read."""
    with study.storage.read() as connection:
        row = connection.execute(
            select(CheckpointTable.__table__).where(
                CheckpointTable.study_id == study.study_id, CheckpointTable.origin == origin
            )
        ).first()
    if row is None:
        return None
    try:
        content = load_artifact(study.artifacts, row.artifact_id)
    except ArtifactStoreAwayError:
        raise
    except ArtifactError as error:
        _logger.warning("trial %d begins anew: %s", origin, error)
        return None
    return StoredCheckpoint(
        trial_number=row.trial_number,
        epoch=row.epoch,
        is_outcome=row.is_outcome,
        content=content,
    )


def has_checkpoint_of(study: OpenStudy, origin: int, trial_number: int) -> bool:
    """Return whether the last checkpoint of a trial was stored by a certain attempt at it."""
    with study.storage.read() as connection:
        stored_by = connection.execute(
            select(CheckpointTable.trial_number).where(
                CheckpointTable.study_id == study.study_id, CheckpointTable.origin == origin
            )
        ).scalar()
    return stored_by == trial_number


def remove_checkpoints(study: OpenStudy, origin: int | None = None) -> None:
    """Remove the checkpoint of a trial that is over, or all of a study that is.

    Of a study also those are removed that were stored by halves when their worker was killed.
    """
    mine = [CheckpointTable.study_id == study.study_id]
    files = select(CheckpointTable.artifact_id).where(*mine, CheckpointTable.origin == origin)
    if origin is None:
        files = select(ArtifactTable.id).where(ArtifactTable.checkpoint_of == study.study_id)
    else:
        mine.append(CheckpointTable.origin == origin)
    with study.storage.write() as connection:
        gone = connection.execute(files).scalars().all()
        if gone:
            connection.execute(delete(CheckpointTable).where(*mine))
    for artifact_id in gone:
        _remove(study, artifact_id)


def _remove(study: OpenStudy, artifact_id: str) -> None:
    with contextlib.suppress(ArtifactNotFound):
        study.artifacts.remove(artifact_id)
