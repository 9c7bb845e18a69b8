"""Importance finds what matters where it can be found, and refuses where it cannot."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dashboards.figures import MIN_TRIALS, draw_importance, importance_data
from search.records import StudySnapshot, TrialRecord
from search.scoring import ScoreConfig

Make = Callable[..., TrialRecord]
Snapshot = Callable[..., StudySnapshot]
CAP = ScoreConfig(max_accuracy_loss=0.005)


def test_the_hyperparameter_behind_the_rate_is_found(make_study: Snapshot) -> None:
    data = importance_data(make_study(120), CAP)
    shares = data.compression_rate.shares
    assert max(shares, key=lambda key: shares[key]) == "retrain.tau"
    assert "retrain.tau" in data.compression_rate.beyond_chance
    assert sum(shares.values()) == pytest.approx(1)
    assert "prior.learn_zero_mixing_proportion" not in data.compression_rate.beyond_chance


def test_both_objectives_list_the_same_keys_in_the_same_order(make_study: Snapshot) -> None:
    data = importance_data(make_study(30), CAP)
    assert list(data.accuracy_loss.shares) == list(data.compression_rate.shares)
    leading = [
        max(data.accuracy_loss.shares[key], data.compression_rate.shares[key])
        for key in data.accuracy_loss.shares
    ]
    assert leading == sorted(leading, reverse=True)


def test_the_same_study_gives_the_same_figure(make_study: Snapshot) -> None:
    assert importance_data(make_study(20), CAP) == importance_data(make_study(20), CAP)


def test_too_few_trials_are_refused_with_their_number(make_study: Snapshot) -> None:
    data = importance_data(make_study(MIN_TRIALS - 1), CAP)
    assert data.refusal is not None
    assert f"at least {MIN_TRIALS} finished trials" in data.refusal
    figure = draw_importance(data)
    assert figure.data == ()
    assert "Importance needs" in figure.layout.annotations[0].text


def test_number_of_trials_stands_on_the_figure(make_study: Snapshot) -> None:
    figure = draw_importance(importance_data(make_study(12), CAP))
    assert "from 12 trials" in figure.layout.xaxis.title.text


def test_a_value_that_left_its_range_by_rounding_is_no_obstacle(
    make_study: Snapshot, make_snapshot: Snapshot
) -> None:
    trials = list(make_study(12).trials)
    # One minus the coordinate 1 - 0.9995 is a little more than 0.9995.
    trials[0].params["prior.zero_mixing_proportion"] = 1 - (1 - 0.9995) + 1e-16
    assert importance_data(make_snapshot(*trials), CAP).refusal is None


def test_a_space_that_cannot_be_read_is_said(make_study: Snapshot, make_snapshot: Snapshot) -> None:
    study = make_study(12)
    config: dict[str, Any] = copy.deepcopy(study.study.config)
    config["space"]["retrain"]["tau"] = {"lowest": 1}
    data = importance_data(make_snapshot(*study.trials, config=config), CAP)
    assert data.refusal is not None
    assert "space.retrain.tau" in data.refusal


def test_trials_without_the_spaces_keys_do_not_count(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    snapshot = make_snapshot(*(make_trial(number, 0.1, 100) for number in range(12)))
    assert importance_data(snapshot, CAP).num_trials == 0


def test_of_several_methods_the_best_ones_trials_and_keys_are_looked_into(
    make_study: Snapshot, make_snapshot: Snapshot, make_trial: Make
) -> None:
    study = make_study(40)
    config: dict[str, Any] = copy.deepcopy(study.study.config)
    names = ["soft_weight_sharing", "magnitude_pruning"]
    config["space"]["method"] = {
        "name": {"choices": names},
        "magnitude_pruning": {"sparsity": {"low": 0.9, "high": 0.99}},
    }
    ours = [
        replace(trial, params={**trial.params, "method.name": names[0]}) for trial in study.trials
    ]
    sparsities = [0.9 + number / 250 for number in range(20)]
    theirs = [
        make_trial(
            40 + number,
            0.1,
            900 * share,
            method=names[1],
            params={
                "method.name": names[1],
                "retrain.lr_weights": 1e-3,
                "method.magnitude_pruning.sparsity": share,
            },
        )
        for number, share in enumerate(sparsities)
    ]
    data = importance_data(make_snapshot(*ours, *theirs, config=config), CAP)
    assert (data.method, data.num_trials, data.refusal) == ("magnitude_pruning", 20, None)
    assert set(data.compression_rate.shares) == {
        "retrain.lr_weights",
        "method.magnitude_pruning.sparsity",
    }
    alone = importance_data(make_snapshot(*ours, config=config), CAP)
    assert alone.compression_rate == importance_data(study, CAP).compression_rate
