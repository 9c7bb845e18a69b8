"""The command that makes the file of a trial again, outside its study."""

import shlex
from collections.abc import Mapping
from typing import Any

from core.data import DataSource
from core.errors import ConfigError
from core.factories import GIVEN_IN_PYTHON
from search.composition import as_override
from search.configuration import compose
from search.conversion import leaves, tree_of

_OF_THE_STUDY = ("model", "data", "reference")
_LATER = ("metric",)  # not in studies of earlier versions, which had the default

CHECKPOINT = "CHECKPOINT"
"""Stands in a command for the file of an own network's weights, which a study does not name."""

FOLDER = "FOLDER"
"""Stands in a command for the folder of own data, which a study does not name either."""


def reproducing_command(
    study: Mapping[str, Any], trial: Mapping[str, Any], target: str
) -> str | None:
    """Return a command line that compresses with exactly the configuration of a trial.

    On the same kind of machine the file that it writes has the same bytes.

    Args:
        study: the study's stored configuration.
        trial: the groups that the trial ran with, as ``read_trial_config`` returns them.
        target: name of the file to write.

    Returns:
        The command, quoted for a shell, with ``CHECKPOINT`` for an own network's weights and
        ``FOLDER`` for that of own data; None where the stored configuration is not known whole, is
        of another version, or was given in Python.
    """
    if not trial or any(group not in study for group in _OF_THE_STUDY):
        return None
    of_study = {group: study[group] for group in (*_OF_THE_STUDY, *_LATER) if group in study}
    wanted = dict(leaves({**of_study, **trial}))
    if GIVEN_IN_PYTHON in wanted.values():
        return None
    try:
        words = [*_words(wanted), *_places(wanted)]
        composed = dict(leaves(tree_of(compose(words))))
    except ConfigError:
        return None
    if any(composed.get(key, key) != value for key, value in wanted.items()):
        return None
    return " ".join(["softshare", "compress", *map(shlex.quote, words), f"to={target}"])


def _words(wanted: Mapping[str, Any]) -> list[str]:
    """Return the overrides of what differs from the defaults.

    A factory's name is data here: it is written into the command, and not looked up. Nor is its
    code allowed by the command: that is for whoever runs it.
    """
    if wanted.get("model.factory") is not None:
        default = dict(leaves(tree_of(compose())))
        named = {k: v for k, v in wanted.items() if default.get(k, k) != v}
        return [_override(key, value) for key, value in named.items()]
    model = as_override("model", wanted["model.name"])
    default = dict(leaves(tree_of(compose([model]))))
    named = {key: value for key, value in wanted.items() if default.get(key, key) != value}
    return [model, *(_override(key, value) for key, value in named.items())]


def _places(wanted: Mapping[str, Any]) -> list[str]:
    """Return the overrides that name what lies on somebody's own machine."""
    places = {}
    if wanted.get("model.factory") is not None:
        places["model.checkpoint"] = CHECKPOINT
    if DataSource[wanted["data.source"]].needs_folder:
        places["data.dir"] = FOLDER
    return [as_override(key, place) for key, place in places.items()]


def _override(key: str, value: Any) -> str:
    if isinstance(value, list):
        return f"{key}=[{','.join(as_override('', item).removeprefix('=') for item in value)}]"
    return as_override(key, value)
