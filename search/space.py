"""The searched hyperparameters: ranges over configuration keys, in coordinates that suit a search.

The 13 of the paper's §6.2 stand in ``conf/space/paper.yaml``; any key of a trial may join them.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from optuna.distributions import CategoricalChoiceType

from core.errors import ConfigError, require
from core.method_names import MethodName, reads
from search.conversion import convert, field_types, show, unknown_key
from search.methods import DEFAULT_METHOD, METHOD

Value = float | int | str | bool | None
"""A natural value of a configuration key."""

SECTIONS = ("student", "prior", "shrinking", "retrain", "post_processing", "method")
"""The groups whose keys define a trial, and so can be searched."""


class Suggesting(Protocol):
    """What values are asked of: a trial of Optuna's, or what stands in for one."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Return a number in ``[low, high]``."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Return a whole number in ``[low, high]``."""

    def suggest_categorical(
        self, name: str, choices: Sequence[CategoricalChoiceType]
    ) -> CategoricalChoiceType:
        """Return one of ``choices``."""


@dataclass(frozen=True)
class Dimension:
    """One searched key.

    ``low`` and ``high`` are natural values, both within the range. A complement is searched as
    one minus its value: a proportion near one is told apart by its distance from one. Below a
    half that difference would be rounded, so complements stay above.

    Attributes:
        key: dotted configuration key.
        low: smallest value; None for choices.
        high: largest value; None for choices.
        log: whether the coordinate is searched on a logarithmic scale.
        integer: whether only whole numbers are taken.
        complement: whether the coordinate is one minus the value.
        choices: the values to choose from; empty for a range.
    """

    key: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    integer: bool = False
    complement: bool = False
    choices: tuple[Value, ...] = ()

    @property
    def name(self) -> str:
        """Name of the coordinate in Optuna: a complement is no value of its key, so says so."""
        return f"1 - {self.key}" if self.complement else self.key

    @property
    def ends(self) -> tuple[Value, ...]:
        """The extreme natural values: both ends of a range, or all choices."""
        if self.choices:
            return self.choices
        assert self.low is not None
        assert self.high is not None
        return (int(self.low), int(self.high)) if self.integer else (self.low, self.high)

    def suggest(self, trial: Suggesting) -> Value:
        """Ask a trial for a value and return it in natural form."""
        if self.choices:
            choice: Value = trial.suggest_categorical(self.name, self.choices)
            return choice
        assert self.low is not None
        assert self.high is not None
        if self.integer:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        low, high = self.low, self.high
        if self.complement:
            low, high = 1 - high, 1 - low
        return self.decode(trial.suggest_float(self.name, low, high, log=self.log))

    def encode(self, value: Value) -> Value:
        """Return the coordinate of a natural value.

        Raises:
            ConfigError: the value lies outside the range or is none of the choices. Optuna would
                silently draw another one.
        """
        if self.choices:
            rule = f"one of {', '.join(map(show, self.choices))}"
            same = [c for c in self.choices if c == value and _is_bool(c) == _is_bool(value)]
            require(bool(same), self.key, rule, show(value), f"or widen space.{self.key}")
            return same[0]
        assert self.low is not None
        assert self.high is not None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        inside = is_number and self.low <= value <= self.high  # type: ignore[operator]  # a number
        whole = inside and (not self.integer or value == int(value))  # type: ignore[arg-type]  # a number
        kind = "a whole number " if self.integer else ""
        require(
            inside and whole,
            self.key,
            f"{kind}in [{self.low:g}, {self.high:g}]",
            show(value),
            f"or widen space.{self.key}",
        )
        assert isinstance(value, int | float)
        if self.integer:
            return int(value)
        return 1 - value if self.complement else float(value)

    def decode(self, coordinate: Value) -> Value:
        """Return the natural value of a coordinate."""
        if self.complement:
            assert isinstance(coordinate, float)
            return 1 - coordinate
        return coordinate


class SearchSpace:
    """All searched keys of a study, in the order of its configuration.

    What a method does not read is not searched under it, so trials of different methods have
    different keys (Bergstra et al. 2011: a space shaped like a tree).

    Attributes:
        dimensions: the searched keys by configuration key.
    """

    dimensions: Mapping[str, Dimension]

    def __init__(self, space: Mapping[str, Any]) -> None:
        """Read the ``space`` of a configuration.

        Raises:
            ConfigError: a range is none, or a key cannot be searched.
        """
        self.dimensions = {dimension.key: dimension for dimension in _dimensions(space)}

    @property
    def searches_methods(self) -> bool:
        """Whether trials may have different methods, and so different keys."""
        return METHOD in self.dimensions

    def active(self, method: str) -> dict[str, Dimension]:
        """Return what is searched under a method, by configuration key."""
        name = MethodName[method]
        return {key: d for key, d in self.dimensions.items() if reads(name, key)}

    def suggest(self, trial: Suggesting, method: str = DEFAULT_METHOD) -> dict[str, Value]:
        """Ask a trial for every key that is searched under its method.

        Args:
            trial: is asked.
            method: the method where none is searched.

        Returns:
            Natural values by configuration key.
        """
        suggested: dict[str, Value] = {}
        if self.searches_methods:
            suggested[METHOD] = self.dimensions[METHOD].suggest(trial)
            method = str(suggested[METHOD])
        for key, dimension in self.active(method).items():
            if key != METHOD:
                suggested[key] = dimension.suggest(trial)
        return suggested

    def encode(self, params: Mapping[str, Value]) -> dict[str, Value]:
        """Return Optuna's coordinates of natural values, for ``enqueue_trial``.

        Raises:
            ConfigError: a key is not searched, or a value lies outside its range.
        """
        encoded = {}
        for key, value in params.items():
            if key not in self.dimensions:
                raise unknown_key(key, self.dimensions, "")
            dimension = self.dimensions[key]
            encoded[dimension.name] = dimension.encode(value)
        return encoded

    def decode(self, coordinates: Mapping[str, Value]) -> dict[str, Value]:
        """Return natural values by configuration key of Optuna's coordinates.

        Raises:
            ConfigError: a coordinate is none of this space's.
        """
        by_name = {dimension.name: dimension for dimension in self.dimensions.values()}
        for name in coordinates:
            if name not in by_name:
                raise unknown_key(name, by_name, "")
        return {by_name[name].key: by_name[name].decode(c) for name, c in coordinates.items()}

    def check(self, rebuild: Callable[[Mapping[str, Value]], object]) -> None:
        """Try the ends of the ranges, one and two keys at a time that can act together.

        Args:
            rebuild: puts natural values into a configuration and raises what it refuses.

        Raises:
            ConfigError: a configuration refuses a value that the space could suggest.
        """
        ends = [(key, value) for key, d in self.dimensions.items() for value in d.ends]
        readers = {
            key: {method for method in MethodName if reads(method, key)} for key in self.dimensions
        }
        trials: Iterator[tuple[tuple[str, Value], ...]] = itertools.chain(
            ((end,) for end in ends),
            (
                pair
                for pair in itertools.combinations(ends, 2)
                if pair[0][0] != pair[1][0] and readers[pair[0][0]] & readers[pair[1][0]]
            ),
        )
        for trial in trials:
            try:
                rebuild(dict(trial))
            except ConfigError as error:
                where = " with ".join(f"space.{key} at {show(value)}" for key, value in trial)
                raise ConfigError(f"{where}: {error}") from error


def _is_bool(value: Value) -> bool:
    return isinstance(value, bool)  # which Python counts as the numbers 0 and 1


@dataclass(kw_only=True)
class _Range:
    """What may stand under a searched key in YAML."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    integer: bool = False
    complement: bool = False
    choices: list[Any] = field(default_factory=list)


def _dimensions(space: Mapping[str, Any]) -> Iterator[Dimension]:
    for section, keys in space.items():
        require(
            section in SECTIONS,
            f"space.{section}",
            f"below one of {', '.join(SECTIONS)}, whose keys define a trial",
            section,
        )
        require(isinstance(keys, Mapping), f"space.{section}", "a group of keys", show(keys))
        for name in keys if section == "student" else ():
            rule = "compressed, the one key of a student that trials may differ in"
            require(name == "compressed", f"space.student.{name}", rule, name)
        yield from _group(section, keys)


def _group(prefix: str, keys: Mapping[str, Any]) -> Iterator[Dimension]:
    for name, spec in keys.items():
        key = f"{prefix}.{name}"
        require(
            isinstance(spec, Mapping) and bool(spec),
            f"space.{key}",
            "{low, high} or {choices}",
            show(spec),
        )
        if all(isinstance(value, Mapping) for value in spec.values()):
            yield from _group(key, spec)
        else:
            yield _dimension(key, spec)


def _dimension(key: str, spec: Mapping[str, Any]) -> Dimension:
    full = f"space.{key}"
    known = field_types(_Range)
    for name in spec:
        if name not in known:
            raise unknown_key(f"{full}.{name}", known, f"{full}.")
    given: _Range = _Range(**{k: convert(v, known[k], f"{full}.{k}") for k, v in spec.items()})
    if given.choices:
        require(set(spec) == {"choices"}, full, "either choices or a range", ", ".join(spec))
        plain = all(isinstance(c, float | int | str | bool | None) for c in given.choices)
        require(plain, f"{full}.choices", "a list of plain values", given.choices)
        return Dimension(key, choices=tuple(given.choices))
    if given.low is None or given.high is None:
        raise ConfigError(f"{full} must have low and high, or choices, but got {', '.join(spec)}")
    low, high = given.low, given.high
    require(low < high, f"{full}.low", f"below {full}.high", f"{low:g} and {high:g}")
    if given.complement:
        require(not given.integer, full, "either integer or complement", "both")
        require(low >= 0.5 and high < 1, full, "in [0.5, 1) as a complement", f"{low:g}..{high:g}")
    elif given.log:
        require(low > 0, f"{full}.low", "> 0 on a logarithmic scale", f"{low:g}")
    if given.integer:
        require(low == int(low) and high == int(high), full, "whole", f"{low:g}..{high:g}")
    return Dimension(key, low, high, given.log, given.integer, given.complement)
