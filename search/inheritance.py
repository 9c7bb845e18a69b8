"""Finished trials that a new study takes over from another one of the same database.

They count for the sampler and stand on the front; they do not count as the new study's own.
"""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from search.configuration import SoftshareConfig, differences, from_stored, to_stored
from search.errors import StudyError
from search.reading import read_study
from search.records import (
    ENQUEUED,
    INHERITED_FROM,
    RECORD,
    ReferenceRecord,
    TrialRecord,
    TrialState,
)
from search.scoring import ACCURACY_CONSTRAINT, VIOLATION_OF_STOPPED, score
from search.storage import Storage

_FINISHED = {TrialState.complete: OptunaState.COMPLETE, TrialState.stopped: OptunaState.PRUNED}


def inheritable(
    storage: Storage,
    config: SoftshareConfig,
    reference: ReferenceRecord,
    data_fingerprint: str | None,
) -> list[FrozenTrial]:
    """Return the finished trials of the study ``config.study.start_from``, judged as ``config`` is.

    Args:
        storage: the database of both.
        config: of the new study.
        reference: the network that the new study compresses, and its student.
        data_fingerprint: of its data.

    Raises:
        StudyError: there is no such study, or its trials would come to something else in this one;
            the message shows the differences.
    """
    name = config.study.start_from
    if name is None:
        return []
    source = read_study(storage, name, only_running_epochs=True)
    # keys that came later than their study, at their defaults
    theirs, ours = to_stored(from_stored(source.study.config, config)), to_stored(config)
    for tree in (theirs, ours):  # what comes first and how it is judged may differ
        for group in ("study", "score", "halving"):
            tree.pop(group, None)
    differing = differences(theirs, ours)
    if not source.study.reference.is_of(reference):
        differing.append("the reference network")
    if not source.study.reference.has_student_of(reference):
        differing.append("the student")
    if source.study.data_fingerprint != data_fingerprint:
        differing.append("the data")
    if differing:
        raise StudyError(
            f"study.start_from must be a study with the same configuration, but {name} differs: "
            f"{'; '.join(differing)}; leave these as they are there, or start from no other study"
        )
    records = {trial.number: trial for trial in source.trials if trial.state in _FINISHED}
    study = optuna.load_study(study_name=name, storage=storage.optuna_storage)
    return [
        _inherited(trial, records[trial.number], name, config)
        for trial in study.get_trials(deepcopy=False)
        if trial.number in records
    ]


def _inherited(
    trial: FrozenTrial, record: TrialRecord, source: str, config: SoftshareConfig
) -> FrozenTrial:
    is_complete = record.state is TrialState.complete
    violation = score(record, config.score).violation if is_complete else VIOLATION_OF_STOPPED
    # Numbers of other attempts are not taken over: they are those of the other study.
    enqueued: Mapping[str, Any] = trial.user_attrs.get(ENQUEUED, {})
    attributes = {
        RECORD: trial.user_attrs.get(RECORD, {}),
        ENQUEUED: {k: v for k, v in enqueued.items() if k in ("setting", "overrides", "params")},
        INHERITED_FROM: source,
    }
    inherited = optuna.trial.create_trial(
        state=_FINISHED[record.state],
        values=trial.values if is_complete else None,
        params=dict(trial.params),
        distributions=dict(trial.distributions),
        user_attrs=attributes,
        constraints={ACCURACY_CONSTRAINT: violation},
    )
    inherited.datetime_start = trial.datetime_start
    inherited.datetime_complete = trial.datetime_complete
    return inherited
