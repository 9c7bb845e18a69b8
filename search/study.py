"""A study in the database: created once, resumed by anybody, with the configuration it began with.

The row of our own table is written last, under a lock that every creator takes: who finds it finds
Optuna's study, the reference network, the enqueued settings and the slots.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState
from sqlalchemy import insert, select
from sqlalchemy.engine import Row

from core.networks import NetworkDescription
from core.reference import ReferenceNetwork
from search.artifact_places import OutsideStore
from search.artifacts import Artifacts, load_artifact, save_artifact
from search.configuration import SoftshareConfig, differences, from_stored, names_only, to_stored
from search.errors import StudyError
from search.inheritance import inheritable
from search.provenance import git_revision, package_versions
from search.reading import missing_study
from search.records import ENQUEUED, INHERITED_FROM, ReferenceRecord, StudentRecord
from search.schema import IN_DATABASE, StudyTable, database_seconds
from search.setting import load_settings
from search.slots import SlotState, count_slots, resize
from search.space import SearchSpace
from search.spool import Spool, spool_folder
from search.storage import Storage

DIRECTIONS = (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
"""Of the two objectives: accuracy loss, compression rate."""


@dataclass(frozen=True, kw_only=True)
class OpenStudy:
    """A study that this process works on.

    Attributes:
        storage: the database that holds it.
        study_id: key of its row in our table.
        optuna_study_id: key of its row in Optuna's.
        config: what runs: the stored configuration with this process's own names and places.
        reference: errors and sizes of the network that it compresses.
        reference_artifact_id: the network itself.
        data_fingerprint: fingerprint of the data that network was trained on.
        created_at: seconds since 1970, by the database's clock; tells it from others of its name.
        artifact_place: where its files are kept, as ``storage.artifacts`` names it.
        optuna_study: Optuna's study of the same name.
    """

    storage: Storage = field(repr=False)
    study_id: int
    optuna_study_id: int
    config: SoftshareConfig = field(repr=False)
    reference: ReferenceRecord
    reference_artifact_id: str
    data_fingerprint: str | None
    created_at: float
    artifact_place: str
    optuna_study: optuna.Study = field(repr=False)

    @property
    def name(self) -> str:
        """The study's name."""
        return self.optuna_study.study_name

    @property
    def artifacts(self) -> Artifacts:
        """Where its files are kept."""
        return Artifacts(self.storage, self.artifact_place)

    @property
    def spool(self) -> Spool:
        """What this machine keeps of it until the database has it."""
        return Spool(spool_folder(self.config.cache_dir, self.name, self.created_at))

    def load_reference(self, described: NetworkDescription | None = None) -> ReferenceNetwork:
        """Return the reference network as it was stored with the study.

        Args:
            described: how it is built and treated; None asks the registry of networks.

        Raises:
            ArtifactError: it is missing or damaged.
        """
        return ReferenceNetwork.from_bytes(
            load_artifact(self.artifacts, self.reference_artifact_id), described
        )

    def load_student(self, described: NetworkDescription) -> ReferenceNetwork:
        """Return the student as it was stored with the study, which has one.

        Args:
            described: how it is built.

        Raises:
            ArtifactError: it is missing or damaged.
        """
        assert self.reference.student is not None
        content = load_artifact(self.artifacts, self.reference.student.artifact_id)
        return ReferenceNetwork.from_bytes(content, described)

    def count_slots(self) -> Mapping[SlotState, int]:
        """Return how many of its trials have finished, are worked on, and wait."""
        with self.storage.read() as connection:
            return count_slots(connection, self.study_id)


def open_study(
    storage: Storage,
    config: SoftshareConfig,
    reference: ReferenceNetwork,
    *,
    data_fingerprint: str | None = None,
    student: ReferenceNetwork | None = None,
) -> OpenStudy:
    """Create the study ``config.study.name``, or resume it with as many trials as asked.

    Args:
        storage: the database.
        config: what defines the study.
        reference: the network that it compresses.
        data_fingerprint: fingerprint of the data that this was trained on.
        student: what ``config.student`` names, trained.

    Raises:
        StudyError: it exists with another configuration, or with more finished trials; or it
            cannot start from the study that it is to start from.
        ConfigError: a setting to be tried first does not fit the search space.
    """
    with storage.exclusively():
        if _find(storage, config.study.name) is None:
            _create(storage, config, reference, data_fingerprint, student)
    resumed = resume_study(storage, config)
    assert resumed is not None
    return resumed


def resume_study(storage: Storage, config: SoftshareConfig) -> OpenStudy | None:
    """Resume a study with as many trials as ``config.study.num_trials``; None if there is none.

    Needs no reference network, which the study holds.

    Raises:
        StudyError: the study has another configuration, or more finished trials.
    """
    name = config.study.name
    row = _find(storage, name)
    if row is None:
        return None
    place = config.storage.artifacts
    stored = to_stored(from_stored(row.config, config))  # keys that came later, at their defaults
    differing = differences(
        {**stored, "storage": {"artifacts": row.artifacts}},
        {**to_stored(config), "storage": {"artifacts": place}},
    )
    if differing:
        raise StudyError(
            f"study {name} exists with another configuration: {'; '.join(differing)}; give the "
            f"new one a name of its own with study.name, or leave these keys as they are there"
        )
    if row.num_trials != config.study.num_trials:
        with storage.write() as connection:
            resize(connection, row.id, config.study.num_trials)
    return _opened(storage, row, config)


def as_begun(storage: Storage, config: SoftshareConfig, keys: Collection[str]) -> SoftshareConfig:
    """Return what to go on with where a user names a study and says nothing of its trials.

    That is the configuration that the study began with, with this process's places and as many
    trials as it has unless the user says how many; ``config`` itself where there is no such study,
    or where the user says more than its name.

    Args:
        storage: the database.
        config: what the user's keys compose to.
        keys: dotted keys and groups that the user sets.
    """
    row = _find(storage, config.study.name) if names_only(keys) else None
    if row is None:
        return config
    begun = from_stored(row.config, config)
    begun.storage = replace(config.storage, artifacts=row.artifacts)
    if "study.num_trials" not in keys:
        begun.study.num_trials = row.num_trials
    return begun


def join_study(storage: Storage, name: str, local: SoftshareConfig) -> OpenStudy:
    """Open an existing study as it is, to work on it.

    Args:
        storage: the database that holds it.
        name: its name.
        local: gives this machine's places (data, cache); all else comes from the study.

    Raises:
        StudyError: there is no such study; the message lists those there.
        ConfigError: its configuration does not fit this version.
    """
    row = _find(storage, name)
    if row is None:
        with storage.read() as connection:
            raise missing_study(connection, name, storage.address)
    return _opened(storage, row, local)


def _find(storage: Storage, name: str) -> Row[Any] | None:
    with storage.read() as connection:
        return connection.execute(
            select(StudyTable.__table__).where(StudyTable.name == name)
        ).first()


def _opened(storage: Storage, row: Row[Any], local: SoftshareConfig) -> OpenStudy:
    config = from_stored(row.config, local)
    config.study.name = row.name
    return OpenStudy(
        storage=storage,
        study_id=row.id,
        optuna_study_id=row.optuna_study_id,
        config=config,
        reference=ReferenceRecord.of(row.reference),
        reference_artifact_id=row.reference_artifact_id,
        data_fingerprint=row.data_fingerprint,
        created_at=row.created_at,
        artifact_place=row.artifacts,
        optuna_study=optuna.load_study(study_name=row.name, storage=storage.optuna_storage),
    )


def _create(
    storage: Storage,
    config: SoftshareConfig,
    reference: ReferenceNetwork,
    data_fingerprint: str | None,
    student: ReferenceNetwork | None,
) -> None:
    record = ReferenceRecord(
        validation_error=reference.validation_error,
        test_error=reference.test_error,
        num_parameters=reference.num_parameters,
        float32_bytes=reference.float32_bytes,
        student=None if student is None else _student_record(student),
    )
    # Before anything is written: they may be refused.
    settings = load_settings(config)
    inherited = inheritable(storage, config, record, data_fingerprint)
    study = _new_optuna_study(storage, config.study.name)
    space = SearchSpace(config.space)
    study.add_trials(inherited)
    tried = {trial.user_attrs[ENQUEUED].get("setting") for trial in inherited}
    for setting in settings:
        if setting.name in tried:
            continue
        params = space.encode(setting.params)
        enqueued = {
            "setting": setting.name,
            "overrides": dict(setting.overrides),
            "params": params,
        }
        study.enqueue_trial(dict(params), user_attrs={ENQUEUED: enqueued})
    place = config.storage.artifacts
    if place != IN_DATABASE:
        OutsideStore(place, create=True)
    artifacts = Artifacts(storage, place)
    artifact_id = save_artifact(artifacts, reference.to_bytes())
    if student is not None:
        student_id = save_artifact(artifacts, student.to_bytes())
        record = replace(record, student=_student_record(student, student_id))
    optuna_study_id = storage.optuna_storage.get_study_id_from_name(config.study.name)
    with storage.write() as connection:
        created = connection.execute(
            insert(StudyTable).values(
                name=config.study.name,
                optuna_study_id=optuna_study_id,
                config=to_stored(config),
                reference=record.stored(),
                reference_artifact_id=artifact_id,
                data_fingerprint=data_fingerprint,
                versions=package_versions(),
                git_revision=git_revision(),
                num_trials=config.study.num_trials,
                artifacts=place,
                created_at=database_seconds(),
            )
        )
        assert created.inserted_primary_key is not None
        resize(connection, created.inserted_primary_key[0], config.study.num_trials)


def _student_record(student: ReferenceNetwork, artifact_id: str = "") -> StudentRecord:
    return StudentRecord(
        validation_error=student.validation_error,
        test_error=student.test_error,
        num_parameters=student.num_parameters,
        artifact_id=artifact_id,
    )


def _new_optuna_study(storage: Storage, name: str) -> optuna.Study:
    try:
        left = optuna.load_study(study_name=name, storage=storage.optuna_storage)
    except KeyError:
        pass
    else:
        # Ours, left by a creator that died half-way, if nothing has run in it.
        if any(not _was_given(trial) for trial in left.get_trials(deepcopy=False)):
            raise StudyError(
                f"study {name} in {storage.address} was not made by softshare; "
                "choose another study.name"
            )
        optuna.delete_study(study_name=name, storage=storage.optuna_storage)
    return optuna.create_study(
        study_name=name, storage=storage.optuna_storage, directions=DIRECTIONS
    )


def _was_given(trial: FrozenTrial) -> bool:
    """Return whether a study has had a trial from its creation."""
    return trial.state is OptunaState.WAITING or INHERITED_FROM in trial.user_attrs
