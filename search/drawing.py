"""The hyperparameters of a trial: drawn one after the other, written all at once.

``optuna.Trial`` writes each value in a transaction of its own, which for two dozen hyperparameters
is most of what a trial asks of a database.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, Trial

from search.storage import Storage
from search.trial_rows import (
    enqueued_values,
    write_attributes,
    write_params,
    writing_to_trial,
)


class Drawing:
    """Stands in for a trial while a search space asks it for its values.

    They come as from the trial itself: those that it was enqueued with, then those that the sampler
    draws together, then those that it draws one by one.
    """

    def __init__(self, storage: Storage, trial: Trial, trial_id: int) -> None:
        """Draw for a trial that was asked for and has no values yet.

        Args:
            storage: where it is.
            trial: the trial.
            trial_id: its key in Optuna's tables.
        """
        self._storage = storage
        self._trial = trial
        self._trial_id = trial_id
        self._enqueued = enqueued_values(storage, trial_id)
        self._coordinates: dict[str, Any] = {}
        self._distributions: dict[str, BaseDistribution] = {}

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Return a number in ``[low, high]``."""
        return float(self._draw(name, FloatDistribution(low, high, log=log)))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Return a whole number in ``[low, high]``."""
        return int(self._draw(name, IntDistribution(low, high, log=log)))

    def suggest_categorical(
        self, name: str, choices: Sequence[CategoricalChoiceType]
    ) -> CategoricalChoiceType:
        """Return one of ``choices``."""
        choice: CategoricalChoiceType = self._draw(name, CategoricalDistribution(choices))
        return choice

    def write(self, attributes: Mapping[str, Any]) -> None:
        """Write what was drawn, and user attributes, in one transaction; again if need be.

        Raises:
            UpdateFinishedTrialError: the trial does not run any more.
        """
        with writing_to_trial(self._storage, self._trial_id) as connection:
            write_params(connection, self._trial_id, self._coordinates, self._distributions)
            write_attributes(connection, self._trial_id, attributes)

    def _draw(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self._coordinates:
            self._coordinates[name] = self._value(name, distribution)
            self._distributions[name] = distribution
        return self._coordinates[name]

    def _value(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._enqueued:
            return self._enqueued[name]
        trial = self._trial
        drawn = trial.relative_params
        together = trial.relative_search_space or {}
        if name in drawn and together[name] == distribution:
            return drawn[name]
        study = trial.study
        return study.sampler.sample_independent(study, self._frozen, name, distribution)

    @cached_property
    def _frozen(self) -> FrozenTrial:
        return self._storage.optuna_storage.get_trial(self._trial_id)
