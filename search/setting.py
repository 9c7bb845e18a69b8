"""Named settings, tried first in a study: the best known and, for comparison, the published ones.

A setting is a file under ``conf/setting``. It is a whole of values over the study's own
configuration: what it names of the searched keys becomes the trial's hyperparameters, and what it
names beside them is set for this trial alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError, require
from search.composition import choices, compose_tree
from search.configuration import SoftshareConfig, with_params
from search.conversion import leaves, show, tree_of
from search.methods import METHOD
from search.space import SearchSpace, Value

KEPT = ("retrain.num_epochs", "retrain.seed", "prior.form", "prior.table_error")
"""Keys that stay the study's own under every setting, so that every trial of a study costs the
same, has its own seed and computes the prior in one way."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A named setting as a study tries it.

    Attributes:
        name: name of its file under ``conf/setting``.
        params: natural value of every key that is searched under its method, by configuration key;
            within its range.
        overrides: values of keys outside the space, by configuration key.
    """

    name: str
    params: Mapping[str, Value]
    overrides: Mapping[str, Value]


def setting_names() -> list[str]:
    """Return the names of all settings, sorted."""
    return choices("setting")


def setting_values(name: str) -> dict[str, Any]:
    """Return what the file of a setting says, by dotted configuration key.

    Raises:
        ConfigError: there is no such setting; the message lists those there are.
    """
    names = setting_names()
    require(name in names, "setting", f"one of {', '.join(names)}", name)
    return dict(leaves(compose_tree(f"setting/{name}")))


def load_setting(name: str, config: SoftshareConfig) -> Setting:
    """Return a named setting as a study with this configuration tries it.

    Searched keys that it does not name take the configuration's values.

    Raises:
        ConfigError: there is no such setting, it lies outside the space, or its values are
            refused.
    """
    space = SearchSpace(config.space)
    configured = dict(leaves(tree_of(config)))
    values = {k: v for k, v in setting_values(name).items() if k not in KEPT}
    searched = space.active(values.get(METHOD, configured[METHOD]))
    params = {key: values.get(key, configured[key]) for key in searched}
    overrides = {key: value for key, value in values.items() if key not in params}
    try:
        space.encode(params)
        with_params(config, {**overrides, **params})
    except ConfigError as error:
        raise ConfigError(
            f"setting {name} does not fit the study: {error}, or leave {name} out of "
            f"study.settings, now {show(config.study.settings)}"
        ) from error
    return Setting(name=name, params=params, overrides=overrides)


def load_settings(config: SoftshareConfig) -> tuple[Setting, ...]:
    """Return the settings of a study in the order in which it tries them, each once.

    Raises:
        ConfigError: as ``load_setting``.
    """
    names = dict.fromkeys(config.study.settings)
    return tuple(load_setting(name, config) for name in names)
