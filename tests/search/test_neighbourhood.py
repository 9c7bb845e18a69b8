"""Children lie near parents on both sides of the cap, and inside the space."""

import math

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search.neighbourhood import NeighbourhoodSampler, choose_parents, from_unit, to_unit

CAP = 0.005
SPACE = {
    "tau": FloatDistribution(1e-3, 1.0, log=True),
    "share": FloatDistribution(0.0, 1.0),
    "components": IntDistribution(4, 32, log=True),
    "learn": optuna.distributions.CategoricalDistribution([False, True]),
}
DISTRIBUTIONS = st.sampled_from([SPACE["tau"], SPACE["share"], SPACE["components"]])


def study_of(*trials: tuple[float, float, float]) -> optuna.Study:
    """Build a study of finished trials, each given by its tau, accuracy loss and rate."""
    study = optuna.create_study(directions=["minimize", "maximize"])
    for tau, loss, rate in trials:
        params = {"tau": tau, "share": 0.5, "components": 9, "learn": True}
        study.add_trial(
            optuna.create_trial(params=params, distributions=SPACE, values=[loss, rate])
        )
    return study


def suggest(study: optuna.Study, seed: int) -> dict[str, object]:
    study.sampler = NeighbourhoodSampler(seed, CAP)
    trial = study.ask(SPACE)
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return trial.params


@given(DISTRIBUTIONS, st.floats(0, 1))
def test_places_and_values_are_inverse(distribution, place):
    value = from_unit(place, distribution)
    assert distribution.low <= value <= distribution.high
    again = from_unit(to_unit(value, distribution), distribution)
    assert again == pytest.approx(value)


def test_parents_are_the_front_on_both_sides_of_the_cap():
    # dominated, just below the cap, just above it, far above it
    study = study_of((0.01, 0.004, 30), (0.1, 0.003, 120), (0.2, 0.006, 240), (0.9, 0.9, 1000))
    parents = choose_parents(study.trials, 2 * CAP)
    assert [parent.number for parent in parents] == [1, 2]


def test_without_a_trial_near_the_cap_the_most_accurate_is_the_parent():
    study = study_of((0.5, 0.3, 500), (0.2, 0.1, 300))
    assert [parent.number for parent in choose_parents(study.trials, 2 * CAP)] == [1]


def test_children_differ_from_their_parent_in_few_places_and_by_little():
    study = study_of((0.1, 0.003, 120))
    children = [suggest(study, seed) for seed in range(60)]
    parent = study.trials[0].params
    assert all(child != parent for child in children)
    assert all(
        SPACE[name]._contains(child[name])
        for child in children
        for name in SPACE
        if not isinstance(child[name], bool)
    )
    factors = [abs(math.log(child["tau"] / 0.1)) for child in children]
    assert 0 < sum(factors) / len(factors) < math.log(3)


def test_what_holds_up_most_of_the_front_is_tried_most():
    # two that hold up next to nothing beside each other, and one that stands alone
    study = study_of((0.001, 0.0010, 60), (0.0011, 0.0011, 60.1), (0.5, 0.004, 240))
    children = [suggest(study, seed)["tau"] for seed in range(60)]
    near_the_lone = sum(tau > 0.05 for tau in children)
    assert 30 < near_the_lone < 60


def test_the_first_trial_of_all_is_drawn_at_random():
    study = optuna.create_study(directions=["minimize", "maximize"])
    assert suggest(study, 1) != suggest(study, 2)
    assert suggest(study, 1).keys() == SPACE.keys()


TREE: dict[str, BaseDistribution] = {
    "method.name": CategoricalDistribution(["sharing", "pruning"]),
    "lr": FloatDistribution(1e-4, 1e-2, log=True),
}
OWN = {"sharing": {"tau": SPACE["tau"]}, "pruning": {"sparsity": SPACE["share"]}}


def test_a_child_has_its_parents_method_and_keys_and_every_method_has_children():
    study = optuna.create_study(directions=["minimize", "maximize"])
    for method, rate in (("sharing", 300.0), ("pruning", 100.0)):
        (own,) = OWN[method]
        study.add_trial(
            optuna.create_trial(
                params={"method.name": method, "lr": 1e-3, own: 0.5},
                distributions={**TREE, **OWN[method]},
                values=[0.003, rate],
            )
        )
    methods = []
    for seed in range(40):
        study.sampler = NeighbourhoodSampler(seed, CAP)
        trial = study.ask()
        method = trial.suggest_categorical("method.name", ["sharing", "pruning"])
        trial.suggest_float("lr", 1e-4, 1e-2, log=True)
        (own,) = OWN[method]
        distribution = OWN[method][own]
        trial.suggest_float(own, distribution.low, distribution.high, log=distribution.log)
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        changes = {"lr": 1e-3, own: 0.5}.items() - trial.params.items()
        assert len(changes) >= 1
        assert all(0.01 < value / 0.5 < 2.01 for name, value in trial.params.items() if name == own)
        methods.append(method)
    assert 10 < methods.count("sharing") < 30
