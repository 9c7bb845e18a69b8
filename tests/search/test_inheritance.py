"""A study that starts from the finished trials of another one."""

import threading
from dataclasses import replace

import pytest

from core.networks import build_network
from core.outcome import CompressionOutcome
from core.reference import ReferenceNetwork, measured_network
from core.retraining import RetrainingStopped
from search.checkpoints import Watch
from search.configuration import SoftshareConfig, compose
from search.errors import StudyError
from search.judging import best_trial, judge
from search.reading import read_study
from search.scoring import ScoreConfig
from search.storage import Storage
from search.study import open_study
from search.worker import Worker
from tests.data_sets import small_data, small_reference
from tests.search.studies import instant_compress, small_study


def finish(storage: Storage, name: str, **changes: object) -> None:
    """Create a study of two trials and a setting, and run it to its end."""
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    study = small_study(storage, {"study.name": name, **dotted}, settings=["tutorial"])
    numbers = iter(range(3))

    def compress(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
        if next(numbers) == 1:
            raise RetrainingStopped("trapped")
        return instant_compress(config, watch)

    Worker(study, compress, threading.Event()).run()


def test_a_study_starts_from_the_finished_trials_of_another(storage: Storage) -> None:
    finish(storage, "first")
    finish(storage, "second", study__start_from="first", score__max_accuracy_loss=0.0)
    first, second = read_study(storage, "first"), read_study(storage, "second")
    inherited = [trial for trial in second.trials if trial.inherited_from == "first"]
    assert [t.state for t in inherited] == [t.state for t in first.trials]
    for field in ("params", "setting", "compression_rate", "artifact_id", "seconds", "reason"):
        assert [getattr(t, field) for t in inherited] == [getattr(t, field) for t in first.trials]
    # Its own trials are as many as were asked for, and repeat no setting.
    assert second.num_finished == 3
    assert len(second.trials) == 6
    assert [trial.setting for trial in second.trials].count("tutorial") == 1
    seeds = [trial.seed for trial in second.trials]
    assert len(set(seeds)) == 6
    best = best_trial(judge(second, ScoreConfig(max_accuracy_loss=1.0)))
    assert best is not None


def test_the_sampler_judges_what_is_inherited_by_the_new_cap(storage: Storage) -> None:
    finish(storage, "first")
    changes = {"study.name": "second", "study.start_from": "first", "score.max_accuracy_loss": 0.0}
    trials = small_study(storage, changes).optuna_study.get_trials()
    losses = [trial.values[0] for trial in trials if trial.state.name == "COMPLETE"]
    violations = [
        trial.constraints["accuracy_loss"] for trial in trials if trial.state.name == "COMPLETE"
    ]
    assert violations == pytest.approx(losses)


def test_a_study_of_another_configuration_cannot_be_started_from(storage: Storage) -> None:
    finish(storage, "first")
    with pytest.raises(StudyError, match=r"first differs: retrain.num_epochs: \d+ in the st"):
        finish(storage, "second", study__start_from="first", retrain__num_epochs=3)
    with pytest.raises(StudyError, match="the studies there are first;"):
        finish(storage, "second", study__start_from="lost")


def test_a_study_of_another_student_cannot_be_started_from(storage: Storage) -> None:
    config = compose(
        ["study.name=first", "study.settings=[]", "student=lenet_5_small", "study.num_trials=1"]
    )
    student = measured_network("lenet_5_small", build_network("lenet_5_small"), small_data())
    open_study(storage, config, small_reference(), student=student)
    config.study = replace(config.study, start_from="first")

    def open_as(name: str, other: ReferenceNetwork) -> None:
        config.study = replace(config.study, name=name)
        open_study(storage, config, small_reference(), student=other)

    open_as("second", student)
    with pytest.raises(StudyError, match="first differs: the student; leave"):
        open_as("third", replace(student, validation_error=student.validation_error / 2))
    first, second = (read_study(storage, name).study.reference for name in ("first", "second"))
    assert first != second  # each has stored its own
    assert second.has_student_of(first)
    assert not replace(second, student=None).has_student_of(first)
    assert replace(second, student=None).is_of(first)


def test_a_resumed_study_need_not_say_again_what_it_started_from(storage: Storage) -> None:
    finish(storage, "first")
    finish(storage, "second", study__start_from="first")
    finish(storage, "second")
    assert len(read_study(storage, "second").trials) == 6
