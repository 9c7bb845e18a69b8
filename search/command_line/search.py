"""``search``: create or resume a study, run workers on it, report what came out."""

import contextlib
import re
import shlex
from collections.abc import Collection
from functools import partial

from core.codec import write_file
from core.reference import load_or_train_reference
from core.runtime import use_one_thread
from core.student import load_or_train_student
from search.artifacts import Artifacts, load_artifact
from search.command_line.epoch_lines import EpochLines
from search.command_line.printing import make_console, print_lines
from search.command_line.request import Request
from search.command_line.results import print_front, print_methods
from search.composition import overridden_keys
from search.configuration import SoftshareConfig, compose
from search.inputs import load_inputs
from search.judging import best_trial, judge, standings
from search.launching.opening import open_launcher
from search.launching.watching import run_workers
from search.methods import searches_methods
from search.progress import SearchProgress
from search.quantities import count, percent, points, rate
from search.reading import read_study
from search.records import StudySnapshot
from search.reporting import ReportSource, write_reports
from search.setting import load_settings
from search.storage import Storage, open_storage
from search.study import as_begun, open_study, resume_study
from search.traces import load_trace


def search(request: Request) -> None:
    """Run a study to its number of trials and report.

    Raises:
        KeyboardInterrupt: with the command that goes on, as its message.
    """
    config = compose(request.overrides)
    load_settings(config)  # a setting outside the space is refused before anything is trained
    use_one_thread()
    try:
        _search(config, overridden_keys(request.overrides))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; what is finished is kept in study {config.study.name}; "
            f"go on with: {resume_command(request)}"
        ) from None


def resume_command(request: Request) -> str:
    """Return the command that goes on with a search, with a password in it made unreadable."""
    words = [re.sub(r"(://[^:@/]*:)[^@]*@", r"\1***@", word) for word in request.words]
    return shlex.join(["softshare", "search", *words])


def _search(config: SoftshareConfig, keys: Collection[str]) -> None:
    with contextlib.ExitStack() as at_the_end:
        launcher = open_launcher(config)  # what it refuses is refused before anything is trained
        at_the_end.callback(launcher.close)
        storage = open_storage(config.storage)
        at_the_end.callback(storage.close)
        config = as_begun(storage, config, keys)
        open_or_create(storage, config)
        with SearchProgress(make_console(), config.workers) as progress:
            run_workers(storage, config, launcher, progress.update)
        snapshot = read_study(storage, config.study.name)
        report(storage, snapshot, config)


def open_or_create(storage: Storage, config: SoftshareConfig) -> None:
    """Resume the study, or train its reference network and create it.

    Raises:
        StudyError: it exists with another configuration.
        DataError: the data cannot be loaded.
    """
    name = config.study.name
    if resume_study(storage, config) is not None:
        print_lines(f"resuming study {name} in {storage.address}")
        return
    data = load_inputs(config)
    reference = load_or_train_reference(
        config.model,
        data,
        config.reference,
        config.cache_dir,
        EpochLines().reference_epoch,
        config.code,
    )
    student = load_or_train_student(
        reference,
        data,
        config.student,
        config.cache_dir,
        EpochLines().student_epoch,
        config.code,
    )
    open_study(storage, config, reference, data_fingerprint=data.fingerprint, student=student)
    print_lines(
        f"study {name} in {storage.address}: {config.model.name} on {data.name}, "
        f"{count(reference.num_parameters)} parameters, {count(reference.float32_bytes)} bytes; "
        f"reference network {percent(reference.validation_error)} validation error, "
        f"{percent(reference.test_error)} test error"
    )
    if student is not None:
        print_lines(
            f"student {student.network_name}: {count(student.num_parameters)} parameters, "
            f"{percent(student.validation_error)} validation error, "
            f"{percent(student.test_error)} test error"
        )


def report(storage: Storage, snapshot: StudySnapshot, config: SoftshareConfig) -> None:
    """Print the Pareto front of a finished study, write its report and its best file."""
    cap = config.score.max_accuracy_loss
    trials = judge(snapshot, config.score)
    print_front(snapshot.study, trials, cap)
    if searches_methods(snapshot.study.config):
        print_methods(standings(snapshot, trials))
    folder = config.study_folder
    folder.mkdir(parents=True, exist_ok=True)
    source = ReportSource(
        snapshot=snapshot,
        score_config=config.score,
        load_trace=partial(load_trace, storage),
    )
    for path in write_reports(source, folder, with_figures=False):
        print_lines(f"report: {path}")
    best = best_trial(trials)
    if best is None or best.record.artifact_id is None:
        return
    path = folder / "best.sws"
    write_file(path, load_artifact(Artifacts(storage), best.record.artifact_id))
    print_lines(
        f"best file: {path}, trial {best.record.number}, {count(best.record.file_bytes)} bytes, "
        f"{rate(best.record.compression_rate)}, accuracy loss "
        f"{points(best.record.accuracy_loss)} points"
    )
