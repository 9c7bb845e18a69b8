"""The methods of a study's trials: by which key they are told apart, and how far each has come."""

from collections.abc import Mapping
from typing import Any

METHOD = "method.name"
"""The key that decides which of the others have an effect on a trial."""

DEFAULT_METHOD = "soft_weight_sharing"
"""What studies from before there were others have."""


def method_of(config: Mapping[str, Any]) -> str:
    """Return the method that a stored configuration names."""
    name: str = config.get("method", {}).get("name", DEFAULT_METHOD)
    return name


def searches_methods(config: Mapping[str, Any]) -> bool:
    """Return whether trials of a stored configuration may have different methods."""
    return "name" in config.get("space", {}).get("method", {})


def title_of(method: str, student: str | None = None) -> str:
    """Return the name of a method for people, with the student that it is used on."""
    title = method.replace("_", " ")
    return title if student is None else f"{title} of {student}"
