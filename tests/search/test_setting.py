"""Named settings: every one fits the default study, and says what its source says."""

import math

import pytest

from core.errors import ConfigError
from search.configuration import SoftshareConfig, compose, with_params
from search.conversion import leaves, tree_of
from search.setting import KEPT, load_setting, load_settings, setting_names, setting_values
from search.space import SearchSpace

EXPERIMENTS = ["quickstart", "tutorial", "paper"]


def configured(config: SoftshareConfig) -> dict[str, object]:
    return dict(leaves(tree_of(config)))


@pytest.mark.parametrize("name", setting_names())
def test_every_setting_fits_the_default_study(name: str) -> None:
    config = compose()
    setting = load_setting(name, config)
    space = SearchSpace(config.space)
    method = setting.overrides.get("method.name", "soft_weight_sharing")
    assert set(setting.params) == set(space.active(str(method)))
    assert not set(setting.params) & set(setting.overrides)
    assert space.decode(space.encode(setting.params)) == setting.params
    with_params(config, {**setting.overrides, **setting.params})


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_settings_of_every_experiment_fit_it(experiment: str) -> None:
    config = compose([f"experiment={experiment}"])
    assert [setting.name for setting in load_settings(config)] == config.study.settings


def test_the_best_known_setting_is_the_configuration_as_it_stands() -> None:
    config = compose(["retrain.tau=0.31"])
    setting = load_setting("best_known", config)
    assert setting.params["retrain.tau"] == 0.31
    assert setting.overrides == {}
    assert with_params(config, setting.params) == config


def test_a_ladder_of_tau_stands_around_the_best_known_setting() -> None:
    config = compose()
    smaller, more_accurate = (
        load_setting(name, config).params for name in ("smaller", "more_accurate")
    )
    assert float(more_accurate["retrain.tau"] or 0) < config.retrain.tau
    assert config.retrain.tau < float(smaller["retrain.tau"] or 0)


def test_the_tutorials_setting_is_the_tutorials() -> None:
    config = compose()
    setting = load_setting("tutorial", config)
    tutorial = with_params(config, {**setting.overrides, **setting.params})
    prior, retrain = tutorial.prior, tutorial.retrain
    assert (prior.num_components, prior.zero_mixing_proportion) == (16, 0.99)
    assert not prior.learn_zero_mixing_proportion
    # Gamma(alpha, beta) on a precision: strength 2 (alpha - 1), width sqrt(beta / (alpha - 1)).
    assert prior.zero_std_mode == pytest.approx(math.sqrt(2 / (5e3 - 1)), rel=1e-5)
    assert prior.zero_std_strength == 2 * (5e3 - 1)
    assert prior.std_mode == pytest.approx(math.sqrt(0.1 / (250 - 1)), rel=1e-5)
    assert prior.std_strength == 2 * (250 - 1)
    # Its code starts every width at 0.25; Adam takes a third of the run to narrow the zero one.
    assert (prior.zero_std_initial, prior.std_initial) == (0.25, 0.25)
    assert (prior.anneal_start, prior.anneal_end) == (0.0, 0.3)
    rates = (retrain.lr_weights, retrain.lr_means, retrain.lr_log_precisions, retrain.lr_mixing)
    assert rates == (5e-4, 1e-4, 3e-3, 3e-3)
    assert (retrain.tau, retrain.tau_warm_up, retrain.lr_final_fraction) == (0.003, 0.0, 1.0)
    assert (retrain.batch_size, retrain.distillation) == (256, 0.0)
    assert tutorial.post_processing.fine_tuning_epochs == 0
    assert not retrain.stop_hopeless
    assert compose(["experiment=tutorial"]).retrain.num_epochs == 30


def test_the_papers_setting_is_the_papers() -> None:
    config = compose()
    setting = load_setting("paper", config)
    paper = with_params(config, {**setting.overrides, **setting.params})
    prior, retrain = paper.prior, paper.retrain
    assert (prior.num_components, prior.zero_mixing_proportion) == (2**4 + 1, 0.999)
    assert prior.zero_std_mode == prior.std_mode == prior.zero_std_initial == 0.05
    assert prior.means_range is None
    assert (retrain.lr_means, retrain.lr_log_precisions, retrain.lr_mixing) == (5e-4,) * 3
    assert retrain.lr_weights == config.reference.lr
    assert retrain.tau == 0.005
    assert compose(["experiment=paper"]).retrain.num_epochs == 40


@pytest.mark.parametrize("name", ["tutorial", "paper"])
def test_published_settings_name_every_key_of_prior_and_retraining(name: str) -> None:
    """A default of ours that slipped in would be published as theirs."""
    named = set(setting_values(name))
    groups = ("prior.", "retrain.", "post_processing.")
    keys = {key for key in configured(compose()) if key.startswith(groups)}
    schedule = {"prior.anneal_start", "prior.anneal_end"}  # without effect without annealing
    assert keys - schedule - set(KEPT) <= named


@pytest.mark.parametrize("name", setting_names())
def test_a_setting_costs_what_the_study_costs(name: str) -> None:
    config = compose(["retrain.num_epochs=3", "retrain.seed=5", "prior.form=exact"])
    setting = load_setting(name, config)
    values = configured(with_params(config, {**setting.overrides, **setting.params}))
    assert {key: values[key] for key in KEPT} == {key: configured(config)[key] for key in KEPT}


def test_an_unknown_setting_lists_those_there_are() -> None:
    with pytest.raises(ConfigError) as error:
        load_settings(compose(["study.settings=[best]"]))
    assert str(error.value) == (
        f"setting must be one of {', '.join(setting_names())}, but got best"
    )


def test_a_setting_outside_the_space_is_refused() -> None:
    config = compose(["space.retrain.tau.low=0.01"])
    with pytest.raises(ConfigError) as error:
        load_settings(config)
    assert str(error.value).startswith(
        "setting tutorial does not fit the study: retrain.tau must be in [0.01, 2], but got "
        "0.003; or widen space.retrain.tau"
    )


def test_a_setting_named_twice_is_tried_once() -> None:
    settings = load_settings(compose(["study.settings=[paper,paper]"]))
    assert [setting.name for setting in settings] == ["paper"]
