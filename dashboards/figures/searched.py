"""What both figures of hyperparameters share: where each value lies in its range."""

import math
from collections.abc import Mapping
from typing import Any

from core.errors import ConfigError
from search.conversion import show
from search.records import StudySnapshot
from search.space import Dimension, SearchSpace

_NUM_TICKS = 6
_SLACK = 1e-9


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


def ticks(dimension: Dimension) -> tuple[tuple[float, str], ...]:
    """Return round values of a range with their places, as many as can be read; all choices."""
    if dimension.choices:
        values: list[Any] = list(dimension.choices)
    else:
        values = _round_values(dimension)
    placed = ((position(dimension, value), value) for value in values)
    return tuple((place, show_short(value)) for place, value in placed if place is not None)


def _round_values(dimension: Dimension) -> list[float | int]:
    assert dimension.low is not None
    assert dimension.high is not None
    low, high = dimension.low, dimension.high
    if dimension.complement:
        low, high = 1 - high, 1 - low
    if dimension.log:
        decades = math.log10(high / low)
        steps = (1, 2, 5) if decades < 2.5 else (1,)
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [step * 10.0**power for power in powers for step in steps]
        found = found[:: math.ceil(decades / _NUM_TICKS)] if len(steps) == 1 else found
    else:
        size = 10.0 ** math.floor(math.log10((high - low) / _NUM_TICKS))
        step = next(s * size for s in (1, 2, 5, 10) if (high - low) / (s * size) <= _NUM_TICKS)
        step = max(step, 1.0) if dimension.integer else step
        first, last = math.ceil(low / step - _SLACK), math.floor(high / step + _SLACK)
        found = [number * step for number in range(first, last + 1)]
    inside = [value for value in found if low * (1 - _SLACK) <= value <= high * (1 + _SLACK)]
    if dimension.complement:
        inside = [1 - value for value in inside]
    # What is left of a power's own rounding must not be read.
    inside = [float(f"{value:.9g}") for value in inside]
    return [int(value) for value in inside] if dimension.integer else inside


def ends(dimension: Dimension) -> tuple[str, str]:
    """Return the texts of a range's ends; of choices the first and the last."""
    first, *_, last = dimension.ends
    return show_short(first), show_short(last)


def show_short(value: Any) -> str:
    """Write a value of a key in few letters; one near one keeps what sets it apart from one."""
    if not isinstance(value, float):
        return show(value)
    return f"{value:.6g}" if 0.9 < value < 1 else f"{value:.3g}"
