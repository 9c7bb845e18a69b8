"""One trial, from a claimed slot to a told result (design §1, §5).

The file and the record of a trial are stored before it is told: a told trial has all its data.
"""

import contextlib
import logging
import math
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import Trial
from optuna.trial import TrialState as OptunaState
from sqlalchemy.exc import DBAPIError

from core.errors import SoftshareError
from core.outcome import CompressionOutcome, EpochReport, OnEpoch
from core.retraining import RetrainingStopped
from search.artifacts import save_artifact
from search.configuration import SoftshareConfig, to_stored, with_params
from search.errors import LeaseLostError
from search.learning_curve import LearningCurve
from search.lease import LeaseKeeper
from search.outages import Patience, is_outage
from search.reaper import interrupt
from search.records import ENQUEUED, INTERRUPTED, RECORD, TrialState, trial_state
from search.sampling import derive_seed, make_sampler
from search.scoring import VIOLATION_OF_STOPPED, score
from search.slots import Slot, attach_trial, finish, release, renew
from search.space import SearchSpace
from search.study import OpenStudy

Compress = Callable[[SoftshareConfig, OnEpoch], CompressionOutcome]
"""Compresses the study's reference network with a trial's configuration."""

ACCURACY_CONSTRAINT = "accuracy_loss"

_GIVING_BACK_SECONDS = 5.0
_CONFIG_GROUPS = ("prior", "shrinking", "retrain", "post_processing")

_logger = logging.getLogger(__name__)


class StopRequested(Exception):  # noqa: N818 a request and no error
    """The process was told to stop; raised between two epochs."""


def run_trial(
    study: OpenStudy, slot: Slot, compress: Compress, stop: threading.Event
) -> TrialState | None:
    """Run one trial in a claimed slot and settle the slot.

    A failed trial is recorded with its reason and the study goes on. A request to stop ends the
    trial at its next epoch, enqueues its parameters again and gives the slot back.

    Args:
        study: the study.
        slot: the slot, just claimed.
        compress: does the work; whatever it raises fails the trial.
        stop: set when the process is to stop.

    Returns:
        How the trial ended, or None where another worker has taken the slot over.
    """
    try:
        with LeaseKeeper(study.storage, slot) as lease:
            return _Attempt(study, slot, lease, Patience(stop), stop).run(compress)
    except (LeaseLostError, UpdateFinishedTrialError) as lost:
        _logger.warning("what was done in slot %d does not count: %s", slot.number, lost)
        return None


@dataclass
class _Attempt:
    """One worker's attempt to finish the slot that it holds."""

    study: OpenStudy
    slot: Slot
    lease: LeaseKeeper
    patiently: Patience
    stop: threading.Event

    def run(self, compress: Compress) -> TrialState:
        study, optuna_study = self.study, self.study.optuna_study
        # Another sampler for every claim: one made again from one seed would repeat itself.
        seed = derive_seed(study.config.study.seed, "sampler", self.slot.number, self.slot.token)
        optuna_study.sampler = make_sampler(seed, study.config.score.max_accuracy_loss)
        trial = self.patiently(optuna_study.ask)
        try:
            self.patiently(lambda: attach_trial(study.storage, self.slot, trial.number))
            return self._compress(trial, compress)
        except StopRequested:
            return self._give_back(trial)
        except KeyboardInterrupt:
            self._give_back(trial)
            raise

    def _compress(self, trial: Trial, compress: Compress) -> TrialState:
        record = self._begin(trial)
        curve = LearningCurve(self.study.storage, self.study.study_id, trial.number)

        def on_epoch(report: EpochReport) -> None:
            curve.add(report)
            self.lease.check()
            if self.stop.is_set():
                raise StopRequested

        try:
            config = with_params(
                self.study.config,
                {"retrain.seed": record["seed"], **record["overrides"], **record["params"]},
            )
            stored = to_stored(config)
            record["config"] = {group: stored[group] for group in _CONFIG_GROUPS}
            outcome = compress(config, on_epoch)
        except (StopRequested, LeaseLostError):
            raise
        except RetrainingStopped as stopped:
            record["reason"] = str(stopped)
            return self._tell(trial, record, OptunaState.PRUNED, violation=VIOLATION_OF_STOPPED)
        except Exception as error:  # noqa: BLE001 it is recorded, and the study goes on
            return self._fail(trial, record, error)
        values = [outcome.accuracy_loss, outcome.compression_rate]
        if not all(map(math.isfinite, values)):
            return self._fail(trial, record, SoftshareError(f"the outcome is {values}"))
        record["outcome"] = _measurements(outcome)
        record["artifact_id"] = self.patiently(
            lambda: save_artifact(self.study.artifacts, outcome.file)
        )
        if outcome.trace is not None:
            trace = outcome.trace.to_bytes()
            record["trace_artifact_id"] = self.patiently(
                lambda: save_artifact(self.study.artifacts, trace)
            )
        violation = score(outcome, self.study.config.score).violation
        return self._tell(trial, record, OptunaState.COMPLETE, values, violation)

    def _begin(self, trial: Trial) -> dict[str, Any]:
        space = SearchSpace(self.study.config.space)
        params = self.patiently(lambda: space.suggest(trial))
        enqueued = self.patiently(lambda: trial.user_attrs).get(ENQUEUED, {})
        record = {
            "params": params,
            "overrides": enqueued.get("overrides", {}),
            "seed": derive_seed(self.study.config.study.seed, "trial", trial.number),
            "worker": self.slot.worker,
        }
        self.patiently(lambda: trial.set_user_attr(RECORD, record))
        return record

    def _fail(self, trial: Trial, record: dict[str, Any], error: Exception) -> TrialState:
        if isinstance(error, SoftshareError):
            record["reason"] = str(error)
        else:
            record["reason"] = f"{type(error).__name__}: {error}"
            _logger.error("trial %d failed", trial.number, exc_info=error)
        return self._tell(trial, record, OptunaState.FAIL)

    def _tell(
        self,
        trial: Trial,
        record: dict[str, Any],
        state: OptunaState,
        values: list[float] | None = None,
        violation: float | None = None,
    ) -> TrialState:
        """Store the record, tell the result, close the slot.

        Raises:
            LeaseLostError: another worker has the slot; it has settled the trial, or will.
        """
        self.patiently(lambda: trial.set_user_attr(RECORD, record))
        if violation is not None:
            self.patiently(lambda: _constrain(trial, violation))
        # From here on the lease lasts longer than telling takes, or it is lost and this raises.
        self.patiently(lambda: renew(self.study.storage, self.slot))
        told = self.patiently(
            lambda: self.study.optuna_study.tell(
                trial.number, values, state=state, skip_if_finished=True
            )
        )
        ended = trial_state(told.state.name, INTERRUPTED in told.user_attrs)
        if ended is TrialState.interrupted:
            raise LeaseLostError(f"trial {trial.number} was interrupted before it was told")
        # A slot lost at this point was closed by who took it: its trial is told.
        with contextlib.suppress(LeaseLostError):
            self.patiently(lambda: finish(self.study.storage, self.slot))
        return ended

    def _give_back(self, trial: Trial) -> TrialState:
        """Interrupt the trial and free the slot; without a database the lease's end will do it."""
        patiently = Patience(seconds=_GIVING_BACK_SECONDS)
        storage = self.study.storage
        try:
            patiently(lambda: renew(storage, self.slot))
            if patiently(lambda: interrupt(self.study, trial.number, "its worker was stopped")):
                patiently(lambda: finish(storage, self.slot))
            else:
                patiently(lambda: release(storage, self.slot))
        except (DBAPIError, StorageInternalError) as error:
            if not is_outage(error):
                raise
            _logger.warning("the database is away; the slot is free when its lease has run out")
        return TrialState.interrupted


def _measurements(outcome: CompressionOutcome) -> dict[str, Any]:
    values = asdict(replace(outcome, trace=None))
    del values["file"], values["trace"]
    return {**values, "file_bytes": outcome.file_bytes}


def _constrain(trial: Trial, violation: float) -> None:
    if ACCURACY_CONSTRAINT not in trial.constraints:
        trial.set_constraint(ACCURACY_CONSTRAINT, violation)
