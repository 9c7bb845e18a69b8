"""A trial that was left goes on elsewhere: with its seed, its curve, and to the same file."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

import core.compress
from core.errors import CheckpointError
from core.outcome import CompressionOutcome
from search.artifacts import Artifacts, load_artifact, save_artifact
from search.checkpoints import StoredCheckpoint, Watch, load_checkpoint, store_checkpoint
from search.climbing import Compress
from search.compression import compress_config
from search.configuration import SoftshareConfig
from search.delivery import Ending
from search.reading import read_study
from search.reaper import reap
from search.records import TrialState
from search.schema import ArtifactTable, CheckpointTable
from search.slots import Slot, SlotState, claim, expire_leases_of
from search.storage import Storage
from search.trial import run_trial
from search.worker import Worker
from tests.data_sets import small_data, small_reference
from tests.search.studies import instant_outcome, report, run_one, small_study


def count(storage: Storage, table: type) -> int:
    with storage.read() as connection:
        number: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return number


def leave_at(epoch: int, stop: threading.Event, content: bytes = b"left") -> Compress:
    """A compression that is told to stop after some epochs."""

    def compress(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        for done in range(1, epoch + 1):
            watch(report(done, 5))
        stop.set()
        assert watch.due()
        watch.keep(content)
        raise AssertionError("a trial that is to stop must not go on")

    return compress


def test_an_interrupted_compression_ends_with_the_file_of_an_undisturbed_one(
    storage: Storage,
) -> None:
    study = small_study(storage, num_trials=1, settings=["tutorial"])
    seen: list[core.compress.CompressConfig] = []

    def brief(config: SoftshareConfig) -> core.compress.CompressConfig:
        small = compress_config(config)
        small.retrain = replace(small.retrain, num_epochs=2, stop_hopeless=False)
        small.post_processing = replace(small.post_processing, fine_tuning_epochs=2)
        return small

    class Stopping(threading.Event):
        """Is set when it has been asked so often."""

        def __init__(self, times: int) -> None:
            super().__init__()
            self.times = times

        def is_set(self) -> bool:
            self.times -= 1
            return self.times < 0

    def compress(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        seen.append(brief(config))
        return core.compress.compress(small_reference(), small_data(), seen[-1], watch, watch)

    assert run_one(study, compress, Stopping(13)) is TrialState.interrupted
    assert run_one(study, compress, Stopping(17)) is TrialState.interrupted
    assert run_one(study, compress) is TrialState.complete
    assert seen[0] == seen[1] == seen[2]
    undisturbed = core.compress.compress(small_reference(), small_data(), seen[0])
    snapshot = read_study(storage, "study")
    trial = snapshot.trials[-1]
    assert trial.artifact_id is not None
    assert load_artifact(study.artifacts, trial.artifact_id) == undisturbed.file
    assert trial.setting == "tutorial"
    assert trial.seed == snapshot.trials[0].seed
    # The curve of the last attempt is that of the whole trial.
    epochs = [epoch.epoch for epoch in snapshot.epochs if epoch.trial == trial.number]
    assert epochs == [1, 2, 3, 4]
    assert snapshot.num_finished == 1


def test_a_finished_trial_leaves_no_checkpoint(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)
    assert run_one(study, leave_at(2, stop := threading.Event()), stop) is TrialState.interrupted
    assert count(storage, CheckpointTable) == 1
    seen: list[bytes | None] = []

    def compress(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        seen.append(watch.last)
        return instant_outcome()

    assert run_one(study, compress) is TrialState.complete
    assert seen == [b"left"]
    assert count(storage, CheckpointTable) == 0
    assert count(storage, ArtifactTable) == 2  # the reference network and the file


def test_a_checkpoint_takes_the_place_of_the_last_one(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)

    def checkpoint(content: bytes, *, is_outcome: bool = False) -> StoredCheckpoint:
        return StoredCheckpoint(trial_number=0, epoch=1, is_outcome=is_outcome, content=content)

    for content in (b"first", b"second"):
        store_checkpoint(study, 0, checkpoint(content))
    left = load_checkpoint(study, 0)
    assert left == checkpoint(b"second")
    assert count(storage, ArtifactTable) == 2  # one of them the reference network
    store_checkpoint(study, 0, checkpoint(b"the end", is_outcome=True))
    store_checkpoint(study, 0, checkpoint(b"late"))  # of an attempt that does not know yet
    assert load_checkpoint(study, 0) == checkpoint(b"the end", is_outcome=True)
    assert count(storage, ArtifactTable) == 2


def test_a_study_that_is_over_leaves_no_checkpoint_not_even_half_of_one(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)
    halves = Artifacts(storage, checkpoint_of=study.study_id)
    save_artifact(halves, b"its worker was killed before it was noted")
    Worker(study, lambda *_: instant_outcome(), threading.Event()).run()
    assert count(storage, ArtifactTable) == 2  # the reference network and the file


def test_an_interval_that_is_over_makes_a_checkpoint_due(storage: Storage) -> None:
    study = small_study(storage, {"study.checkpoint_seconds": 1e-9}, num_trials=1)

    def compress(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        assert watch.due()
        watch.keep(b"now and then")
        assert count(storage, CheckpointTable) == 1
        return instant_outcome()

    assert run_one(study, compress) is TrialState.complete


def test_a_checkpoint_that_does_not_fit_is_not_gone_on_from(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)
    run_one(study, leave_at(2, stop := threading.Event()), stop)
    seen: list[bytes | None] = []

    def compress(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        seen.append(watch.last)
        if watch.last is not None:
            raise CheckpointError("the checkpoint is of another compression")
        return instant_outcome()

    assert run_one(study, compress) is TrialState.complete
    assert seen == [b"left", None]


def test_a_lost_checkpoint_lets_the_trial_begin_anew(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)
    run_one(study, leave_at(2, stop := threading.Event()), stop)
    with storage.read() as connection:
        artifact_id = connection.execute(select(CheckpointTable.artifact_id)).scalar_one()
    study.artifacts.remove(artifact_id)
    assert run_one(study, lambda _config, watch: _begun_anew(watch)) is TrialState.complete


def _begun_anew(watch: Watch) -> CompressionOutcome:
    assert watch.last is None
    return instant_outcome()


def test_a_worker_that_came_to_a_checkpoint_does_not_count_against_the_parameters(
    storage: Storage,
) -> None:
    study = small_study(storage, num_trials=1, settings=["tutorial"])
    for attempt in range(6):
        slot = claim(storage, study.study_id, "host:1:a")
        assert slot is not None
        with pytest.raises(Died):
            run_trial(study, slot, die_at_a_checkpoint, threading.Event())
        expire_leases_of(storage, study.study_id, "host:1:")
        reap(study)
        assert study.count_slots()[SlotState.free] == 1, attempt
    assert run_one(study, lambda *_: instant_outcome()) is TrialState.complete
    assert read_study(storage, "study").trials[-1].setting == "tutorial"


class Died(BaseException):
    """Stands for the death of a worker in the middle of a trial."""


def die_at_a_checkpoint(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
    watch.keep(b"so far")
    raise Died


def test_what_a_fenced_worker_finished_is_told_by_its_successor(storage: Storage) -> None:
    study = small_study(storage, num_trials=1)

    def compress(_config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        watch(report(1))
        expire_leases_of(storage, study.study_id, "host:1:")
        reap(study)
        return instant_outcome(file=b"done once")

    def never(_config: SoftshareConfig, _watch: Watch) -> CompressionOutcome:
        raise AssertionError("it is done")

    assert run_one(study, compress) is None
    assert run_one(study, never) is TrialState.complete
    snapshot = read_study(storage, "study")
    assert [trial.state for trial in snapshot.trials] == [
        TrialState.interrupted,
        TrialState.complete,
    ]
    assert snapshot.trials[1].file_bytes == len(b"done once")
    assert [epoch.epoch for epoch in snapshot.epochs if epoch.trial == 1] == [1]
    assert count(storage, CheckpointTable) == 0


def test_an_ending_survives_its_bytes() -> None:
    ending = Ending(
        slot=Slot(study_id=1, number=2, token=3, worker="host:1:a", lease_seconds=60.0),
        trial_number=4,
        origin=0,
        state="COMPLETE",
        record={"params": {"retrain.tau": 0.1}},
        epoch=7,
        values=[0.001, 300.0],
        violation=-0.004,
        file=bytes(range(256)),
        trace=b"",
    )
    assert Ending.from_bytes(ending.to_bytes()) == ending
