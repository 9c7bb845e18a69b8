"""Somebody's own network and data as Python objects: one compression, or a whole study of them.

Nothing here is global: no thread is set, no seed is planted, no file is written but the database of
a study. The network that is given stays as it is.
"""

import copy
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

import core.compress
import core.student
from core.compress import CompressConfig
from core.data import Data, DataConfig, data_of, own_split
from core.device import Device, choose_device
from core.factories import GIVEN_IN_PYTHON
from core.metric import CLASSIFICATION, Metric, MetricConfig
from core.networks import STANDARD, NetworkDescription, Treatment, own_network, state_of
from core.networks.own import check_apart, check_state
from core.outcome import CompressionOutcome, EpochReport, OnEpoch
from core.reference import ReferenceNetwork, own_reference
from core.student import StudentConfig, describe_student, load_or_train_student
from search.artifacts import Artifacts, load_artifact
from search.checkpoints import Watch
from search.command_line.epoch_lines import EpochLines
from search.compression import compress_config, start_of
from search.configuration import SoftshareConfig
from search.errors import StudyError
from search.judging import JudgedTrial, best_trial, feasible_front, judge
from search.reading import read_study
from search.storage import Storage, open_storage
from search.study import OpenStudy, open_study, resume_study
from search.worker import Worker


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """What came out of a study.

    Attributes:
        name: the study's name, by which the command line reads it.
        reference: the network as it was given, and its errors.
        trials: all complete trials, judged.
        front: those within the cap that no other beats in accuracy and size, by growing loss.
        best: the smallest within the cap, None where there is none.
        files: compressed file of each trial of the front, by its number.
    """

    name: str
    reference: ReferenceNetwork
    trials: tuple[JudgedTrial, ...]
    front: tuple[JudgedTrial, ...]
    best: JudgedTrial | None
    files: Mapping[int, bytes]


def compress(
    network: nn.Module,
    train: object,
    validation: object,
    config: CompressConfig | None = None,
    *,
    test: object = None,
    name: str = "network",
    treatment: Treatment = STANDARD,
    metric: Metric = CLASSIFICATION,
    teacher: nn.Module | None = None,
    device: Device = Device.auto,
    on_epoch: OnEpoch | None = None,
    progress: bool = True,
) -> CompressionOutcome:
    """Compress a trained network into a file, and measure the network that the file decodes to.

    Args:
        network: the trained network, which maps a batch of inputs to a score for each class; left
            as it is.
        train: what it is retrained on: a pair of inputs and labels (tensors or arrays), a data
            set of torch's with such pairs, or a loader of one.
        validation: the same for what is selected on.
        config: the hyperparameters; the defaults are those of the command line.
        test: the same for what is only reported; without it the test error is the validation
            error.
        name: what the file calls the network.
        treatment: which tensors are clustered.
        metric: what the network is judged by and retrained on, where that is not its classes.
        teacher: the network that this one is a student of (``distil``): it answers in the
            retraining, and accuracy loss and compression rate are counted from it.
        device: where to compute.
        on_epoch: takes a report after every epoch; whatever it raises ends the compression.
        progress: whether epochs are told of on standard error.

    Returns:
        The file and its measurements; ``core.codec.load_into`` reads the file into a network.

    Raises:
        SoftshareError: network and data do not fit each other or cannot be compressed.
    """
    data = _data(train, validation, test, name, metric, device)
    reference = _reference(network, data, name, treatment)
    taught_by = None if teacher is None else _reference(teacher, data, "teacher", STANDARD)
    tell = _told(taught_by or reference, on_epoch, progress=progress)
    return core.compress.compress(
        reference, data, config or CompressConfig(), tell, teacher=taught_by
    )


def distil(
    network: nn.Module,
    student: nn.Module,
    train: object,
    validation: object,
    config: StudentConfig | None = None,
    *,
    metric: Metric = CLASSIFICATION,
    device: Device = Device.auto,
    progress: bool = True,
) -> nn.Module:
    """Train a smaller network on the answers of a trained one (Hinton, Vinyals & Dean 2015).

    Args:
        network: the trained network, the teacher; left as it is.
        student: the smaller network, with the weights that its training begins with; left as it is.
        train: what it is trained on, as ``compress`` takes it; labels that are not to be used may
            be anything (``StudentConfig.num_labelled``).
        validation: the same for what is told after each epoch.
        config: temperature, mixing, labels and the training; its name and factory say nothing here.
        metric: what the networks are judged by and trained on, where that is not its classes.
        device: where to compute.
        progress: whether epochs are told of on standard error.

    Returns:
        The trained student, a new network on the processor in evaluation mode.

    Raises:
        SoftshareError: networks and data do not fit each other.
    """
    data = _data(train, validation, None, "student", metric, device)
    teacher = _reference(network, data, "teacher", STANDARD)
    described = _described(student, data, "student", STANDARD)
    tell = EpochLines().student_epoch if progress else None
    return core.student.distil(teacher, described, data, config or StudentConfig(), tell).build()


def run_study(
    network: nn.Module,
    train: object,
    validation: object,
    config: SoftshareConfig,
    *,
    test: object = None,
    name: str = "network",
    student: nn.Module | None = None,
    metric: Metric = CLASSIFICATION,
    on_epoch: OnEpoch | None = None,
    progress: bool = True,
) -> StudyResult:
    """Search the hyperparameters of a network's compression, one trial at a time in this process.

    A study that is there already goes on with the trials that it lacks.

    Args:
        network: as ``compress`` takes it.
        train: the same.
        validation: the same.
        config: study, space, storage and cap, as ``search.configuration.compose`` makes it of the
            words of a command line; its model, data and metric are those given here.
        test: as ``compress`` takes it.
        name: what files call the network; a student is called ``NAME_student``.
        student: a smaller network, as ``distil`` takes it: the study begins with its training as
            ``config.student`` says, and searches which of the two a trial compresses. Instead,
            ``config.student`` may name one.
        metric: as ``compress`` takes it.
        on_epoch: takes a report after every epoch of every trial.
        progress: whether epochs are told of on standard error.

    Raises:
        SoftshareError: as ``compress``; or the study is there with another configuration, network
            or data, or the database cannot be reached.
    """
    config = replace(
        config,
        model=replace(config.model, name=name, factory=GIVEN_IN_PYTHON, checkpoint=None),
        data=DataConfig(factory=GIVEN_IN_PYTHON),
        metric=MetricConfig.of(metric),
    )
    if student is not None:
        config = _with_student(config)
    data = _data(train, validation, test, name, metric, config.device)
    reference = _reference(network, data, name, config.model.treatment)
    tell = _told(reference, on_epoch, progress=progress)
    storage = open_storage(config.storage)
    try:
        study, taught = _study(storage, config, reference, data, student, progress=progress)

        def work(of_trial: SoftshareConfig, watch: Watch) -> CompressionOutcome:
            def both(report: EpochReport) -> None:
                watch(report)
                tell(report)

            started, teacher = start_of(of_trial, reference, taught)
            settings = compress_config(of_trial)
            return core.compress.compress(started, data, settings, both, watch, teacher)

        Worker(study, work, threading.Event()).run()
        trials = judge(read_study(storage, study.name), config.score)
        front = tuple(feasible_front(trials))
        artifacts = Artifacts(storage, study.artifact_place)
        files = {
            trial.record.number: load_artifact(artifacts, trial.record.artifact_id)
            for trial in front
            if trial.record.artifact_id is not None
        }
    finally:
        storage.close()
    return StudyResult(
        name=config.study.name,
        reference=reference,
        trials=trials,
        front=front,
        best=best_trial(trials),
        files=files,
    )


def _with_student(config: SoftshareConfig) -> SoftshareConfig:
    """Return a configuration with a student that came as an object, compressed by some trials."""
    named = replace(config.student, name=f"{config.model.name}_student", factory=GIVEN_IN_PYTHON)
    space = {**config.space, "student": {"compressed": {"choices": [False, True]}}}
    return replace(config, student=named, space=space)


def _study(
    storage: Storage,
    config: SoftshareConfig,
    reference: ReferenceNetwork,
    data: Data,
    student: nn.Module | None,
    *,
    progress: bool,
) -> tuple[OpenStudy, ReferenceNetwork | None]:
    """Open or create a study, and return it with its student, trained when it is created.

    Raises:
        StudyError: the study is there with another configuration, network, student or data.
    """
    described = None
    if config.student.name is not None and student is not None:
        described = _described(student, data, config.student.name, STANDARD)
    elif config.student.name is not None:
        described = describe_student(config.student, data, config.code)
    study = resume_study(storage, config)
    if study is None:
        tell = EpochLines().student_epoch if progress else None
        taught = load_or_train_student(
            reference, data, config.student, config.cache_dir, tell, config.code, described
        )
        study = open_study(
            storage, config, reference, data_fingerprint=data.fingerprint, student=taught
        )
        return study, taught
    other = None
    if study.load_reference(reference.described).to_bytes() != reference.to_bytes():
        other = "another network"
    elif study.data_fingerprint != data.fingerprint:
        other = "other data"
    if other is not None:
        raise StudyError(
            f"study {study.name} is of {other}; give the new one a name of its own with study.name"
        )
    return study, None if described is None else study.load_student(described)


def _data(
    train: object, validation: object, test: object, name: str, metric: Metric, device: Device
) -> Data:
    held_out = own_split(validation, "validation", metric)
    return data_of(
        f"the data of {name}",
        own_split(train, "train", metric),
        held_out,
        held_out if test is None else own_split(test, "test", metric),
    ).to(choose_device(device))


def _reference(network: nn.Module, data: Data, name: str, treatment: Treatment) -> ReferenceNetwork:
    described = _described(network, data, name, treatment)
    return own_reference(described, state_of(described.build()), data)


def _described(
    network: nn.Module, data: Data, name: str, treatment: Treatment
) -> NetworkDescription:
    check_state(network)
    check_apart(network)  # copies would be apart
    template = copy.deepcopy(network)
    shape = tuple(data.train.inputs.shape[1:])
    return own_network(name, lambda: copy.deepcopy(template), shape, data.num_classes, treatment)


def _told(reference: ReferenceNetwork, on_epoch: OnEpoch | None, *, progress: bool) -> OnEpoch:
    listeners = [EpochLines().retraining_epoch(reference.validation_error)] if progress else []
    if on_epoch is not None:
        listeners.append(on_epoch)

    def tell(report: EpochReport) -> None:
        for listener in listeners:
            listener(report)

    return tell
