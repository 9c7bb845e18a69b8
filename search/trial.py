"""One trial, from a claimed slot to a told result (design §1, §5)."""

import logging
import math
import threading
from dataclasses import asdict, dataclass, replace
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial
from optuna.trial import TrialState as OptunaState

from core.errors import SoftshareError
from core.outcome import CompressionOutcome
from core.retraining import RetrainingStopped
from search.checkpoints import StopRequested, StoredCheckpoint, TrialWatch, load_checkpoint
from search.climbing import Compress, climb
from search.configuration import SoftshareConfig, to_stored, with_params
from search.delivery import Ending, deliver, find_trial
from search.drawing import Drawing
from search.errors import LeaseLostError, StudyError
from search.learning_curve import LearningCurve
from search.lease import LeaseKeeper
from search.methods import METHOD
from search.outages import OUTAGES, Patience, is_outage
from search.reaper import interrupt
from search.records import ENQUEUED, RECORD, TrialState
from search.rungs import epochs_of
from search.sampling import NUM_EXPLORED, derive_seed, make_sampler
from search.scoring import VIOLATION_OF_STOPPED, score
from search.slots import Slot, attach_trial, finish, release, renew
from search.space import SearchSpace
from search.study import OpenStudy

_GIVING_BACK_SECONDS = 3.0
_CONFIG_GROUPS = ("student", "prior", "shrinking", "retrain", "post_processing", "method")

_logger = logging.getLogger(__name__)


def run_trial(
    study: OpenStudy, slot: Slot, compress: Compress, stop: threading.Event
) -> TrialState | None:
    """Run one trial in a claimed slot and settle the slot.

    A failed trial is recorded with its reason and the study goes on. A request to stop ends the
    trial at its next step with its checkpoint stored, enqueues its parameters again and gives the
    slot back. A trial that was begun before goes on where its last checkpoint is.

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


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """What is known of a trial as it begins.

    Attributes:
        record: what is recorded of it so far.
        origin: number of the first attempt at it.
        is_wanted: whether somebody asked for it, and no sampler.
    """

    record: dict[str, Any]
    origin: int
    is_wanted: bool


@dataclass
class _Attempt:
    """One worker's attempt to finish the slot that it holds."""

    study: OpenStudy
    slot: Slot
    lease: LeaseKeeper
    patiently: Patience
    stop: threading.Event

    def run(self, compress: Compress) -> TrialState | None:
        study, optuna_study = self.study, self.study.optuna_study
        # Another sampler for every claim: one made again from one seed would repeat itself.
        config = study.config
        seed = derive_seed(config.study.seed, "sampler", self.slot.number, self.slot.token)
        optuna_study.sampler = make_sampler(
            seed,
            config.score.max_accuracy_loss,
            config.study.policy,
            num_finished=self.patiently(lambda: _num_finished(optuna_study)),
            explores=not config.study.settings and self.slot.number < NUM_EXPLORED,
            is_tree=SearchSpace(config.space).searches_methods,
        )
        trial = self.patiently(optuna_study.ask)
        try:
            self.patiently(lambda: attach_trial(study.storage, self.slot, trial.number))
            return self._run(trial, compress)
        except StopRequested:
            return self._give_back(trial)
        except KeyboardInterrupt:
            self._give_back(trial)
            raise

    def _run(self, trial: Trial, compress: Compress) -> TrialState | None:
        begun = self._begin(trial)
        origin = begun.origin
        left = None
        if origin != trial.number:
            left = self.patiently(lambda: load_checkpoint(self.study, origin))
        ending = None
        if left is not None and left.is_outcome:
            ending, left = self._ending_of(left, trial), None
        if ending is None:
            watch = self.patiently(
                lambda: TrialWatch(self.study, trial.number, origin, self.lease, self.stop, left)
            )
            ending = replace(
                self._work(trial, begun, watch, compress),
                epoch=watch.epoch,
                has_checkpoint=watch.has_stored or origin != trial.number,
            )
            begun.record["epochs"] = watch.epoch
        name = f"{trial.number}-{self.slot.token}"
        with self.study.spool.keeping(name, ending.to_bytes()):
            return deliver(self.study, ending, self.patiently)

    def _begin(self, trial: Trial) -> _Begun:
        """Draw a trial's hyperparameters and return what is known of it as it begins."""
        study, space = self.study, SearchSpace(self.study.config.space)
        enqueued = self.patiently(lambda: trial.user_attrs).get(ENQUEUED, {})
        overrides = enqueued.get("overrides", {})
        method = overrides.get(METHOD, study.config.method.name.value)
        trial_id = self.patiently(lambda: find_trial(study, trial.number)).id
        drawing = self.patiently(lambda: Drawing(study.storage, trial, trial_id))
        params = self.patiently(lambda: space.suggest(drawing, method))
        seed = enqueued.get("seed")
        if seed is None:
            seed = derive_seed(self.study.config.study.seed, "trial", trial.number)
        record = {
            "params": params,
            "overrides": overrides,
            "seed": seed,
            "worker": self.slot.worker,
        }
        self.patiently(lambda: drawing.write({RECORD: record}))
        return _Begun(
            record=record,
            origin=enqueued.get("origin", trial.number),
            is_wanted=enqueued.get("setting") is not None,
        )

    def _ending_of(self, left: StoredCheckpoint, trial: Trial) -> Ending | None:
        """Return how an earlier attempt ended that could not be told."""
        try:
            ending = Ending.from_bytes(left.content)
        except StudyError as error:
            _logger.warning("trial %d begins anew: %s", trial.number, error)
            return None
        curve = LearningCurve(self.study.storage, self.study.study_id, trial.number)
        self.patiently(lambda: curve.inherit(left.trial_number, left.epoch))
        return replace(ending, slot=self.slot, trial_number=trial.number, has_checkpoint=True)

    def _work(self, trial: Trial, begun: _Begun, watch: TrialWatch, compress: Compress) -> Ending:
        """Compress, from where an earlier attempt left it, and return how it ended."""
        study, record = self.study, begun.record
        ending = Ending(
            slot=self.slot,
            trial_number=trial.number,
            origin=begun.origin,
            state=OptunaState.FAIL.name,
            record=record,
        )
        try:
            config = with_params(
                study.config,
                {"retrain.seed": record["seed"], **record["overrides"], **record["params"]},
            )
            record["whole_epochs"] = epochs_of(config)
            _note_config(record, config)
            climbed = climb(
                study,
                begun.origin,
                config,
                watch,
                compress,
                self.patiently,
                is_wanted=begun.is_wanted,
            )
        except (StopRequested, LeaseLostError):
            raise
        except RetrainingStopped as stopped:
            record["reason"] = str(stopped)
            return replace(ending, state=OptunaState.PRUNED.name, violation=VIOLATION_OF_STOPPED)
        except Exception as error:  # it is recorded, and the study goes on
            if isinstance(error, OUTAGES) and is_outage(error):
                raise
            record["reason"] = _reason(error, trial.number)
            return ending
        outcome = climbed.outcome
        _note_config(record, climbed.config)
        values = [outcome.accuracy_loss, outcome.compression_rate]
        if not all(map(math.isfinite, values)):
            record["reason"] = f"the outcome is {values}"
            return ending
        record["outcome"] = _measurements(outcome)
        record["schedule"] = climbed.schedule
        return replace(
            ending,
            state=OptunaState.COMPLETE.name,
            values=values,
            violation=score(outcome, study.config.score).violation,
            file=outcome.file,
            trace=None if outcome.trace is None else outcome.trace.to_bytes(),
        )

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
        except OUTAGES as error:
            if not is_outage(error):
                raise
            _logger.warning("the database is away; the slot is free when its lease has run out")
        return TrialState.interrupted


def _num_finished(study: optuna.Study) -> int:
    finished = (OptunaState.COMPLETE, OptunaState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=finished))


def _note_config(record: dict[str, Any], config: SoftshareConfig) -> None:
    stored = to_stored(config)
    record["config"] = {group: stored[group] for group in _CONFIG_GROUPS}


def _reason(error: Exception, trial_number: int) -> str:
    if isinstance(error, SoftshareError):
        return str(error)
    _logger.error("trial %d failed", trial_number, exc_info=error)
    return f"{type(error).__name__}: {error}"


def _measurements(outcome: CompressionOutcome) -> dict[str, Any]:
    values = asdict(replace(outcome, trace=None))
    del values["file"], values["trace"]
    return {**values, "file_bytes": outcome.file_bytes}
