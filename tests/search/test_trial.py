import threading
from dataclasses import replace

import optuna
import pytest

from core.errors import RetrainError
from core.outcome import CompressionOutcome, OnEpoch
from core.retraining import RetrainingStopped
from search.artifacts import load_artifact
from search.checkpoints import Watch
from search.configuration import SoftshareConfig, to_stored
from search.conversion import leaves
from search.reading import read_study
from search.records import TrialRecord, TrialState
from search.sampling import derive_seed
from search.setting import load_setting
from search.slots import SlotState, expire_leases_of, fence_expired
from search.storage import Storage
from search.study import OpenStudy
from search.traces import load_trace
from search.trial import Compress
from tests.core.test_trace import small_trace
from tests.search.studies import instant_compress, instant_outcome, report, run_one, small_study


def records(study: OpenStudy) -> tuple[TrialRecord, ...]:
    return read_study(study.storage, study.name).trials


def test_a_complete_trial_has_its_file_and_its_whole_record(storage: Storage) -> None:
    study = small_study(storage)
    seen: list[SoftshareConfig] = []

    def compress(config: SoftshareConfig, on_epoch: OnEpoch) -> CompressionOutcome:
        seen.append(config)
        return instant_compress(config, on_epoch)

    assert run_one(study, compress) is TrialState.complete
    (trial,) = records(study)
    expected = instant_outcome(seen[0].retrain.tau / 1000, b"x" * seen[0].prior.num_components)
    assert trial.state is TrialState.complete
    assert trial.accuracy_loss == expected.accuracy_loss
    assert trial.compression_rate == expected.compression_rate
    assert trial.file_bytes == expected.file_bytes
    assert (trial.validation_error, trial.test_error) == (
        expected.validation_error,
        expected.test_error,
    )
    assert trial.worker == "host:1:a"
    assert trial.seed == seen[0].retrain.seed == derive_seed(0, "trial", 0)
    assert trial.params["retrain.tau"] == seen[0].retrain.tau
    assert trial.artifact_id is not None
    assert load_artifact(study.artifacts, trial.artifact_id) == expected.file
    assert study.count_slots()[SlotState.finished] == 1


def test_the_trace_of_a_compression_is_stored_beside_its_file(storage: Storage) -> None:
    study = small_study(storage, num_trials=2)
    trace = small_trace()
    run_one(study, lambda *_: replace(instant_outcome(), trace=trace))
    run_one(study, lambda *_: instant_outcome())
    with_trace, without = records(study)
    stored = load_trace(storage, with_trace)
    assert stored is not None
    assert stored.to_bytes() == trace.to_bytes()
    assert with_trace.trace_artifact_id != with_trace.artifact_id
    assert load_trace(storage, without) is None


def test_the_sampler_is_told_both_objectives_and_the_violated_cap(storage: Storage) -> None:
    study = small_study(storage, {"score.max_accuracy_loss": 0.002})
    run_one(study, lambda *_: instant_outcome(0.005, b"1234"))
    (trial,) = study.optuna_study.get_trials()
    assert trial.values == [0.005, 1_066_440 / 4]
    assert trial.constraints == {"accuracy_loss": pytest.approx(0.003)}
    assert [d.name for d in study.optuna_study.directions] == ["MINIMIZE", "MAXIMIZE"]


def test_a_setting_brings_its_searched_and_its_other_values(storage: Storage) -> None:
    study = small_study(storage, settings=["tutorial"])
    seen: list[SoftshareConfig] = []

    def compress(config: SoftshareConfig, _on_epoch: OnEpoch) -> CompressionOutcome:
        seen.append(config)
        return instant_outcome()

    run_one(study, compress)
    (trial,) = records(study)
    assert trial.setting == "tutorial"
    setting = load_setting("tutorial", study.config)
    assert setting.overrides
    assert trial.params == pytest.approx(setting.params)
    tried = dict(leaves(to_stored(seen[0])))
    assert {key: tried[key] for key in setting.overrides} == setting.overrides
    assert {key: tried[key] for key in trial.params} == trial.params


def test_the_learning_curve_is_there_while_the_trial_runs(storage: Storage) -> None:
    study = small_study(storage)
    seen: list[tuple[int, float]] = []

    def compress(config: SoftshareConfig, on_epoch: OnEpoch) -> CompressionOutcome:
        for epoch in (1, 2):
            on_epoch(report(epoch))
            snapshot = read_study(storage, "study", only_running_epochs=True)
            assert snapshot.trials[0].state is TrialState.running
            seen.append((snapshot.epochs[-1].epoch, snapshot.epochs[-1].error_loss))
        on_epoch(replace(report(3), complexity_loss=float("nan")))
        return instant_outcome()

    run_one(study, compress)
    assert seen == [(1, 1.0), (2, 0.5)]
    assert read_study(storage, "study", only_running_epochs=True).epochs == ()
    epochs = read_study(storage, "study").epochs
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
    assert epochs[2].complexity_loss != epochs[2].complexity_loss


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (
            RetrainError("the loss is nan in epoch 3"),
            TrialState.failed,
            "the loss is nan in epoch 3",
        ),
        (RetrainingStopped("trapped: 80 %"), TrialState.stopped, "trapped: 80 %"),
        (ZeroDivisionError("by zero"), TrialState.failed, "ZeroDivisionError: by zero"),
        (MemoryError(), TrialState.failed, "MemoryError: "),
    ],
)
def test_a_trial_that_fails_counts_with_its_reason_and_the_study_goes_on(
    storage: Storage, error: Exception, state: TrialState, reason: str
) -> None:
    study = small_study(storage)

    def compress(_config: SoftshareConfig, _on_epoch: OnEpoch) -> CompressionOutcome:
        raise error

    assert run_one(study, compress) is state
    assert run_one(study, instant_compress) is TrialState.complete
    first, second = records(study)
    assert (first.state, first.reason, first.artifact_id) == (state, reason, None)
    assert second.state is TrialState.complete
    assert study.count_slots()[SlotState.finished] == 2


def test_an_outcome_that_is_no_number_fails_the_trial(storage: Storage) -> None:
    study = small_study(storage)
    assert run_one(study, lambda *_: instant_outcome(float("nan"))) is TrialState.failed
    (trial,) = records(study)
    assert trial.reason is not None
    assert "nan" in trial.reason


def test_a_stopped_trial_ranks_behind_every_other_for_the_sampler(storage: Storage) -> None:
    study = small_study(storage)

    def compress(_config: SoftshareConfig, _on_epoch: OnEpoch) -> CompressionOutcome:
        raise RetrainingStopped("collapsed")

    run_one(study, compress)
    (trial,) = study.optuna_study.get_trials()
    assert trial.state is optuna.trial.TrialState.PRUNED
    assert trial.constraints["accuracy_loss"] >= 0.9


def stop_at_second_epoch(stop: threading.Event) -> Compress:
    def compress(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        watch(report(1))
        assert not watch.due()
        stop.set()
        assert watch.due()
        watch.keep(b"a checkpoint")
        raise AssertionError("a trial that is to stop must not go on")

    return compress


def test_a_request_to_stop_gives_the_slot_back_and_enqueues_the_parameters_again(
    storage: Storage,
) -> None:
    study = small_study(storage, num_trials=2, settings=["tutorial"])
    stop = threading.Event()
    assert run_one(study, stop_at_second_epoch(stop), stop) is TrialState.interrupted
    assert study.count_slots()[SlotState.free] == 2
    assert run_one(study, instant_compress) is TrialState.complete
    assert run_one(study, instant_compress) is TrialState.complete
    interrupted, again, sampled = records(study)
    assert interrupted.state is TrialState.interrupted
    assert interrupted.reason == "its worker was stopped"
    assert again.setting == interrupted.setting == "tutorial"
    assert again.params == interrupted.params
    assert sampled.setting is None
    assert read_study(storage, "study").num_finished == 2


def test_ctrl_c_without_a_handler_gives_the_slot_back_too(storage: Storage) -> None:
    study = small_study(storage)

    def compress(_config: SoftshareConfig, _on_epoch: OnEpoch) -> CompressionOutcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_one(study, compress)
    assert study.count_slots()[SlotState.free] == 3
    assert [trial.state for trial in records(study)] == [TrialState.interrupted]


def test_what_a_fenced_worker_finishes_does_not_count(storage: Storage) -> None:
    study = small_study(storage)

    def compress(_config: SoftshareConfig, _on_epoch: OnEpoch) -> CompressionOutcome:
        expire_leases_of(storage, study.study_id, "host:1:")
        assert len(fence_expired(storage, study.study_id)) == 1
        return instant_outcome()

    assert run_one(study, compress) is None
    counts = study.count_slots()
    assert (counts[SlotState.expired], counts[SlotState.finished]) == (1, 0)
    assert [trial.state for trial in records(study)] == [TrialState.running]  # the reaper's now


def test_claims_draw_different_suggestions_that_another_run_repeats(
    storage: Storage,
) -> None:
    def params_of(name: str) -> list[dict[str, object]]:
        study = small_study(storage, {"study.name": name}, num_trials=3)
        for _ in range(3):
            run_one(study, instant_compress)
        return [trial.params for trial in records(study)]

    first, again = params_of("one"), params_of("two")
    assert first == again
    assert len({str(params) for params in first}) == 3
