"""A trial's way from its shortest schedule to the whole one, as far as it is let."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from core.errors import CheckpointError
from core.outcome import CompressionOutcome
from search.checkpoints import TrialWatch, Watch
from search.configuration import SoftshareConfig
from search.outages import OUTAGES, Patience, is_outage
from search.rungs import (
    epochs_of,
    has_gone_on,
    note_and_decide,
    note_outcome,
    on_schedule,
    rungs_of,
)
from search.study import OpenStudy

Compress = Callable[[SoftshareConfig, Watch], CompressionOutcome]
"""Compresses the study's reference network with a trial's configuration."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Climbed:
    """How far a trial came.

    Attributes:
        outcome: of its last schedule.
        config: what that was compressed with.
        schedule: fraction of its epochs that it had.
    """

    outcome: CompressionOutcome
    config: SoftshareConfig
    schedule: float


def climb(
    study: OpenStudy,
    origin: int,
    config: SoftshareConfig,
    watch: TrialWatch,
    compress: Compress,
    patiently: Patience,
    *,
    is_wanted: bool,
) -> Climbed:
    """Compress on one schedule after the other until a trial is not let on, or all are done.

    Schedules that an earlier attempt has left behind are not done again.

    Args:
        study: the trial's.
        origin: number of the first attempt at it.
        config: the trial's, on its whole schedule.
        watch: takes its epochs and checkpoints.
        compress: does the work; what it raises goes through.
        patiently: waits for a database that is away.
        is_wanted: whether somebody asked for this trial, which is then let on in any case.
    """
    rungs = patiently(lambda: rungs_of(study))
    epochs_before = 0
    for rung in rungs:
        shorter = on_schedule(config, rung)
        if not rung.is_last and patiently(partial(has_gone_on, study, rung, origin)):
            epochs_before += epochs_of(shorter)
            continue
        watch.begin(epochs_before)
        outcome = _compress(shorter, watch, compress)
        climbed = Climbed(outcome=outcome, config=shorter, schedule=rung.schedule)
        if not math.isfinite(outcome.accuracy_loss) or len(rungs) == 1:
            break
        if rung.is_last:
            _try(partial(note_outcome, study, rung, origin, outcome))
            break
        decide = partial(note_and_decide, study, rung, origin, outcome, is_wanted=is_wanted)
        if not patiently(decide):
            break
        epochs_before += epochs_of(shorter)
    return climbed


def _try(note: Callable[[], None]) -> None:
    """Note it now or never: a trial that is done must not wait for a database that is away."""
    try:
        note()
    except OUTAGES as error:
        if not is_outage(error):
            raise
        _logger.warning("what a trial came to is not compared with short schedules")


def _compress(config: SoftshareConfig, watch: TrialWatch, compress: Compress) -> CompressionOutcome:
    try:
        return compress(config, watch)
    except CheckpointError as error:
        _logger.warning("a trial begins anew: %s", error)
        watch.begin_anew()
        return compress(config, watch)
