"""Seeds are stable and independent; the sampler keeps to the cap and repeats nothing on resume."""

import itertools

import optuna
import pytest

from search.neighbourhood import NeighbourhoodSampler
from search.sampling import NUM_STARTUP_TRIALS, Policy, derive_seed, make_sampler
from search.scoring import VIOLATION_OF_STOPPED

CAP = 0.005


def test_seeds_are_the_same_on_every_machine() -> None:
    # Written down once: a study that is resumed elsewhere, or later, must find the same seeds.
    assert derive_seed(0, "trial", 0) == 942305938
    assert derive_seed(7, "sampler", 3, 1) == 225039391


def test_seeds_differ_by_study_label_and_number() -> None:
    seeds = {
        derive_seed(study, label, number)
        for study, label, number in itertools.product(range(5), ("trial", "sampler"), range(100))
    }
    assert len(seeds) == 5 * 2 * 100
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_labels_do_not_run_into_each_other() -> None:
    assert derive_seed(1, "a", "b") != derive_seed(1, "ab")
    assert derive_seed(1, 23) != derive_seed(12, 3)


def objectives(x: float, y: float) -> tuple[float, float]:
    """Small x compresses more and loses more; y is a nuisance that only costs accuracy."""
    return 0.02 * (1 - x) ** 2 + 0.05 * y**2, 10 + 300 * (1 - x)


def run(study: optuna.Study, num_trials: int, seed: int) -> list[dict[str, float]]:
    asked = []
    for _ in range(num_trials):
        study.sampler = make_sampler(derive_seed(seed, "sampler", len(study.trials)), CAP)
        trial = study.ask()
        x, y = (trial.suggest_float(name, 0, 1) for name in "xy")
        loss, rate = objectives(x, y)
        trial.set_constraint("accuracy_loss", loss - CAP)
        study.tell(trial, (loss, rate))
        asked.append(trial.params)
    return asked


def two_objective_study(storage: optuna.storages.BaseStorage | None = None) -> optuna.Study:
    return optuna.create_study(storage=storage, directions=["minimize", "maximize"])


def test_a_study_with_the_same_seed_asks_the_same() -> None:
    assert run(two_objective_study(), 10, seed=1) == run(two_objective_study(), 10, seed=1)
    assert run(two_objective_study(), 3, seed=1) != run(two_objective_study(), 3, seed=2)


def test_resuming_repeats_no_suggestion() -> None:
    storage = optuna.storages.InMemoryStorage()
    study = two_objective_study(storage)
    before = run(study, 8, seed=1)
    resumed = optuna.load_study(study_name=study.study_name, storage=storage)
    after = run(resumed, 8, seed=1)
    assert not [params for params in after if params in before]


def test_the_search_keeps_to_the_cap_more_often_than_chance() -> None:
    study = two_objective_study()
    run(study, 60, seed=3)
    late = study.trials[30:]
    feasible = sum(trial.values[0] <= CAP for trial in late) / len(late)
    random_study = two_objective_study()
    random_study.sampler = optuna.samplers.RandomSampler(seed=3)
    trials = [random_study.ask() for _ in range(1000)]
    by_chance = sum(
        objectives(*(trial.suggest_float(name, 0, 1) for name in "xy"))[0] <= CAP
        for trial in trials
    ) / len(trials)
    assert feasible > 1.5 * by_chance


@pytest.mark.parametrize("state", ["COMPLETE", "PRUNED"])
def test_after_the_first_settings_values_are_no_longer_drawn_at_random(state: str) -> None:
    study = two_objective_study()
    for number in range(NUM_STARTUP_TRIALS):
        study.enqueue_trial({"x": 0.5 + number / 100, "y": 0.1})
        trial = study.ask()
        for name in "xy":
            trial.suggest_float(name, 0, 1)
        if state == "COMPLETE":
            trial.set_constraint("accuracy_loss", 0.0)
            study.tell(trial, objectives(trial.params["x"], trial.params["y"]))
        else:
            trial.set_constraint("accuracy_loss", VIOLATION_OF_STOPPED)
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    sampler, random_sampler = make_sampler(5, CAP), optuna.samplers.RandomSampler(seed=5)
    suggested = []
    for each in (sampler, random_sampler):
        study.sampler = each
        trial = study.ask()
        suggested.append(trial.suggest_float("x", 0, 1))
    assert suggested[0] != suggested[1]


@pytest.mark.parametrize(
    ("policy", "samplers"),
    [
        (Policy.softshare, {NeighbourhoodSampler, optuna.samplers.TPESampler}),
        (Policy.tpe, {optuna.samplers.TPESampler}),
        (Policy.random, {optuna.samplers.RandomSampler}),
    ],
)
def test_a_policy_decides_what_proposes(policy: Policy, samplers: set[type]) -> None:
    assert {type(make_sampler(seed, CAP, policy)) for seed in range(20)} == samplers


def test_a_young_study_looks_around_what_it_has() -> None:
    for num_finished in range(NUM_STARTUP_TRIALS):
        samplers = {type(make_sampler(seed, CAP, num_finished=num_finished)) for seed in range(20)}
        assert samplers == {NeighbourhoodSampler}
    alone = make_sampler(0, CAP, Policy.tpe, num_finished=1)
    assert isinstance(alone, optuna.samplers.TPESampler)


def test_a_study_without_settings_explores_first() -> None:
    samplers = {type(make_sampler(seed, CAP, explores=True)) for seed in range(20)}
    assert samplers == {optuna.samplers.RandomSampler}


def test_in_a_tree_every_branch_is_proposed_and_what_lies_on_it() -> None:
    study = two_objective_study()
    seen = set()
    for number in range(24):
        study.sampler = make_sampler(derive_seed(0, number), CAP, Policy.tpe, is_tree=True)
        trial = study.ask()
        method = trial.suggest_categorical("method.name", ["a", "b"])
        x = trial.suggest_float(f"x of {method}", 0, 1)
        loss, rate = objectives(x, trial.suggest_float("y", 0, 1))
        trial.set_constraint("accuracy_loss", loss - CAP)
        study.tell(trial, (loss, rate))
        seen.add(method)
    assert seen == {"a", "b"}
