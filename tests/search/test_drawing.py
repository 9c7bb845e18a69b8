from collections.abc import Iterator
from contextlib import contextmanager

import optuna
import pytest
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial
from sqlalchemy import event

from search.delivery import find_trial
from search.drawing import Drawing
from search.sampling import make_sampler
from search.space import SearchSpace
from search.storage import Storage
from search.study import OpenStudy
from tests.search.studies import instant_compress, run_one, small_study


def drawing_for(study: OpenStudy, trial: Trial) -> Drawing:
    return Drawing(study.storage, trial, find_trial(study, trial.number).id)


def space_of(study: OpenStudy) -> SearchSpace:
    return SearchSpace(study.config.space)


@contextmanager
def counting_transactions(storage: Storage) -> Iterator[list[None]]:
    committed: list[None] = []

    def note(_connection: object) -> None:
        committed.append(None)

    event.listen(storage.engine, "commit", note)
    try:
        yield committed
    finally:
        event.remove(storage.engine, "commit", note)


@pytest.mark.parametrize("num_finished", [0, 6])
def test_what_is_drawn_is_what_the_trial_itself_would_have_been_given(
    storage: Storage, num_finished: int
) -> None:
    study = small_study(storage, num_trials=8)
    for _ in range(num_finished):
        run_one(study, instant_compress)
    optuna_study, space = study.optuna_study, space_of(study)
    for seed in range(4):  # both ways of proposing are among them
        optuna_study.sampler = make_sampler(seed, 0.005)
        asked = optuna_study.ask()
        by_optuna = space.suggest(asked)
        optuna_study.tell(asked, state=optuna.trial.TrialState.FAIL)
        optuna_study.sampler = make_sampler(seed, 0.005)
        trial = optuna_study.ask()
        drawing = drawing_for(study, trial)
        assert space.suggest(drawing) == by_optuna
        drawing.write({"a": [1, None], "b": "ü"})
        written, given = optuna_study.trials[trial.number], optuna_study.trials[asked.number]
        assert written.params == given.params
        assert written.distributions == given.distributions
        assert written.user_attrs == {"a": [1, None], "b": "ü"}
        optuna_study.tell(trial, state=optuna.trial.TrialState.FAIL)


def test_what_a_trial_was_enqueued_with_is_drawn(storage: Storage) -> None:
    study = small_study(storage)
    space = space_of(study)
    wanted = {"retrain.tau": 0.123, "prior.num_components": 7}
    study.optuna_study.enqueue_trial(space.encode(wanted))
    drawn = space.suggest(drawing_for(study, study.optuna_study.ask()))
    assert {key: drawn[key] for key in wanted} == wanted


def test_what_is_written_twice_is_there_once(storage: Storage) -> None:
    study = small_study(storage)
    trial = study.optuna_study.ask()
    drawing = drawing_for(study, trial)
    space_of(study).suggest(drawing)
    drawing.write({"a": 1})
    drawing.write({"a": 2})
    (written,) = study.optuna_study.trials
    assert len(written.params) == len(study.config.space["retrain"]) + len(
        study.config.space["prior"]
    ) + len(study.config.space["post_processing"])
    assert written.user_attrs == {"a": 2}


def test_nothing_is_written_to_a_trial_that_is_over(storage: Storage) -> None:
    study = small_study(storage)
    trial = study.optuna_study.ask()
    drawing = drawing_for(study, trial)
    space_of(study).suggest(drawing)
    study.optuna_study.tell(trial, state=optuna.trial.TrialState.FAIL)
    with pytest.raises(UpdateFinishedTrialError):
        drawing.write({"a": 1})
    (written,) = study.optuna_study.trials
    assert (written.params, written.user_attrs) == ({}, {})


def test_a_trial_takes_as_many_transactions_however_many_hyperparameters_it_has(
    storage: Storage,
) -> None:
    study = small_study(storage, {"study.policy": "random"})
    with counting_transactions(storage) as of_many:
        run_one(study, instant_compress)
    narrow = small_study(
        storage,
        {
            "study.policy": "random",
            "study.name": "narrow",
            "space": {"retrain": {"tau": {"low": 0.1, "high": 1.0}}},
        },
    )
    with counting_transactions(storage) as of_one:
        run_one(narrow, instant_compress)
    assert len(of_many) == len(of_one) > 0
