"""What both figures of hyperparameters share: where each value lies in its range."""

import math
from collections.abc import Mapping
from typing import Any

from core.errors import ConfigError
from search.conversion import show
from search.records import StudySnapshot
from search.space import Dimension, SearchSpace


def dimensions_of(snapshot: StudySnapshot) -> Mapping[str, Dimension]:
    """Return the searched keys of a study; none where this version cannot read its space."""
    try:
        return SearchSpace(snapshot.study.config["space"]).dimensions
    except (ConfigError, KeyError):
        return {}


def position(dimension: Dimension, value: Any) -> float | None:
    """Return where a value lies in its range, in [0, 1], as the search measures it; None for none.

    Logarithms and complements are those of the search; choices stand side by side.
    """
    if dimension.choices:
        places = [show(choice) for choice in dimension.choices]
        if show(value) not in places:
            return None
        return (places.index(show(value)) + 0.5) / len(places)
    if not isinstance(value, int | float) or dimension.low is None or dimension.high is None:
        return None
    low, high, at = dimension.low, dimension.high, float(value)
    if dimension.complement:
        low, high, at = 1 - low, 1 - high, 1 - at
    if dimension.log:
        if at <= 0:
            return None
        low, high, at = math.log(low), math.log(high), math.log(at)
    return (at - low) / (high - low)


def ends(dimension: Dimension) -> tuple[str, str]:
    """Return the texts of a range's ends; of choices the first and the last."""
    first, *_, last = dimension.ends
    return _short(first), _short(last)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else show(value)
