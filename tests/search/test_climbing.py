"""Trials climb from short schedules to the whole one, and go on where an earlier attempt was."""

import threading

import pytest

from core.outcome import CompressionOutcome
from search.checkpoints import Watch
from search.climbing import Compress
from search.configuration import SoftshareConfig, compose
from search.reading import read_study
from search.reaper import reap
from search.records import TrialRecord, TrialState
from search.rungs import epochs_of
from search.slots import expire_leases_of
from search.storage import Storage
from search.study import OpenStudy
from tests.search.studies import instant_outcome, report, run_one, small_study

HALVING = {"halving.schedules": [0.25], "halving.factor": 2.0, "halving.min_trials": 1}


class Compressions:
    """Stands for compressions that lose what they are told to; notes their schedules."""

    def __init__(self, *losses: float) -> None:
        self.epochs: list[int] = []
        self._losses = iter(losses)

    def __call__(self, config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        num_epochs = epochs_of(config)
        self.epochs.append(num_epochs)
        for epoch in range(1, num_epochs + 1):
            watch(report(epoch, num_epochs))
        return instant_outcome(next(self._losses), b"x" * num_epochs)


def trials(study: OpenStudy) -> tuple[TrialRecord, ...]:
    return read_study(study.storage, study.name).trials


def test_the_best_go_on_to_the_whole_schedule_and_the_others_stand(storage: Storage) -> None:
    study = small_study(storage, HALVING, num_trials=3)
    whole = epochs_of(study.config)
    short = 5 + 2  # of 20 epochs of retraining and 6 of fine-tuning
    compress = Compressions(0.004, 0.003, 0.009, 0.002, 0.001)
    for _ in range(3):
        assert run_one(study, compress) is TrialState.complete
    assert compress.epochs == [short, whole, short, short, whole]
    first, second, third = trials(study)
    assert [trial.schedule for trial in (first, second, third)] == [1.0, 0.25, 1.0]
    assert [trial.accuracy_loss for trial in (first, second, third)] == [0.003, 0.009, 0.001]
    assert [t.epochs for t in (first, second, third)] == [short + whole, short, short + whole]
    snapshot = read_study(storage, study.name)
    assert snapshot.compute_saved == pytest.approx(1 - (3 * short + 2 * whole) / (3 * whole))
    curve = [epoch.epoch for epoch in snapshot.epochs if epoch.trial == 0]
    assert curve == list(range(1, short + whole + 1))


def test_a_small_study_has_whole_schedules_only(storage: Storage) -> None:
    study = small_study(storage, {**HALVING, "halving.min_trials": 4}, num_trials=3)
    compress = Compressions(0.001, 0.001)
    run_one(study, compress)
    assert compress.epochs == [epochs_of(study.config)]
    assert read_study(storage, study.name).compute_saved == 0


def test_what_somebody_asked_for_has_its_whole_schedule(storage: Storage) -> None:
    study = small_study(storage, HALVING, num_trials=3, settings=["best_known", "paper"])
    compress = Compressions(0.001, 0.001, 0.9, 0.9)
    for _ in range(2):
        run_one(study, compress)
    assert [trial.schedule for trial in trials(study)] == [1.0, 1.0]


def leaving(stop: threading.Event, inner: Compressions, at: int) -> Compress:
    """Be told to stop within the compression of a certain number, after two of its epochs."""

    def compress(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        if len(inner.epochs) < at:
            return inner(config, watch)
        num_epochs = epochs_of(config)
        watch(report(1, num_epochs))
        watch(report(2, num_epochs))
        stop.set()
        assert watch.due()
        watch.keep(b"left")
        raise AssertionError("a trial that is to stop must not go on")

    return compress


def test_a_trial_that_is_taken_over_climbs_on_from_its_checkpoint(storage: Storage) -> None:
    study = small_study(storage, HALVING, num_trials=1)
    whole, short = epochs_of(study.config), 7
    stop, before = threading.Event(), Compressions(0.001)
    assert run_one(study, leaving(stop, before, at=1), stop) is TrialState.interrupted
    assert before.epochs == [short]

    seen: list[tuple[int, bytes | None]] = []

    def resumed(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        seen.append((epochs_of(config), watch.last))
        for epoch in range(3, whole + 1):
            watch(report(epoch, whole))
        return instant_outcome()

    assert run_one(study, resumed) is TrialState.complete
    assert seen == [(whole, b"left")]  # the short schedule is not done again
    trial = trials(study)[-1]
    assert trial.epochs == short + whole
    curve = [e.epoch for e in read_study(storage, "study").epochs if e.trial == trial.number]
    assert curve == list(range(1, short + whole + 1))


def test_a_checkpoint_of_a_shorter_schedule_is_not_gone_on_from(storage: Storage) -> None:
    study = small_study(storage, HALVING, num_trials=1)
    stop = threading.Event()
    assert run_one(study, leaving(stop, Compressions(), at=0), stop) is TrialState.interrupted
    seen: list[bytes | None] = []

    def resumed(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        seen.append(watch.last)
        return instant_outcome()

    assert run_one(study, resumed) is TrialState.complete
    assert seen == [b"left", None]


def test_a_worker_that_died_between_two_schedules_leaves_the_first_behind(
    storage: Storage,
) -> None:
    study = small_study(storage, HALVING, num_trials=1)
    before = Compressions(0.001)

    def dying(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        if not before.epochs:
            return before(config, watch)
        raise SystemExit  # as if killed: nothing is told

    with pytest.raises(SystemExit):
        run_one(study, dying)
    expire_leases_of(storage, study.study_id, "host:1:")
    reap(study)
    after = Compressions(0.001)
    assert run_one(study, after) is TrialState.complete
    assert after.epochs == [epochs_of(study.config)]


def test_an_outcome_that_is_no_number_climbs_no_further(storage: Storage) -> None:
    study = small_study(storage, HALVING, num_trials=1)
    compress = Compressions(float("nan"))
    assert run_one(study, compress) is TrialState.failed
    assert len(compress.epochs) == 1


def test_a_method_competes_for_the_whole_schedule_with_itself_alone(storage: Storage) -> None:
    space = compose(["method=all"]).space
    study = small_study(storage, {**HALVING, "space": space}, num_trials=3)
    for method in ("soft_weight_sharing", "soft_weight_sharing", "magnitude_pruning"):
        study.optuna_study.enqueue_trial({"method.name": method})
    compress = Compressions(0.001, 0.001, 0.004, 0.009, 0.008)
    for _ in range(3):
        assert run_one(study, compress) is TrialState.complete
    # the second is beaten by the first; the third is worse than both, but the first of its method
    assert [(trial.method, trial.schedule) for trial in trials(study)] == [
        ("soft_weight_sharing", 1.0),
        ("soft_weight_sharing", 0.25),
        ("magnitude_pruning", 1.0),
    ]
