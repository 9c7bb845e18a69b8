"""The verbs that read a study's results: ``status``, ``pareto`` and ``best``."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from search.command_line.budgets import chosen_trial
from search.command_line.printing import print_json, print_lines, print_table
from search.command_line.request import Request
from search.command_line.studies import ReadStudy, nothing_within, read
from search.configuration import OutputFormat
from search.conversion import show
from search.judging import (
    JudgedTrial,
    MethodStanding,
    best_trial,
    feasible_front,
    standings,
)
from search.methods import searches_methods, title_of
from search.progress import latest_epochs
from search.quantities import count, duration, percent, points, rate
from search.records import StudyRecord, TrialRecord, TrialState

TRIAL_COLUMNS = (
    "trial",
    "setting",
    "method",
    "points lost",
    "valid. error",
    "test error",
    "file bytes",
    "rate",
    "Han's rate",
    "non-zero",
)
"""Columns of a table of complete trials; ``trial_row`` fills them."""


def pareto(request: Request) -> None:
    """Print the Pareto front of a study within its accuracy cap."""
    study = read(request.overrides)
    if study.config.output is OutputFormat.json:
        front = feasible_front(study.trials)
        head = {"study": study.name, "reference": reference_json(study.snapshot.study)}
        print_json({**head, "points": [trial_json(trial.record) for trial in front]})
    else:
        print_front(study.snapshot.study, study.trials, study.score_config.max_accuracy_loss)


def best(request: Request) -> None:
    """Print the trial with the smallest file within the accuracy cap, or that suits a budget."""
    study = read(request.overrides)
    trial, description = chosen_trial(study, request.arguments)
    if study.config.output is OutputFormat.json:
        head = {"study": study.name, "reference": reference_json(study.snapshot.study)}
        print_json({**head, "point": trial_json(trial.record)})
        return
    title = f"Study {study.name}: {description}"
    print_table(title, TRIAL_COLUMNS, [trial_row(trial.record)], num_text_columns=3)
    params = [(key, _shown(value)) for key, value in trial.record.params.items()]
    print_table("Its hyperparameters", ("key", "value"), params, num_text_columns=1)


def status(request: Request) -> None:
    """Print how far a study is."""
    study = read(request.overrides)
    if study.config.output is OutputFormat.json:
        print_json(_status_json(study))
        return
    record, snapshot = study.snapshot.study, study.snapshot
    own = [trial for trial in snapshot.trials if trial.inherited_from is None]
    states = Counter(trial.state for trial in own)
    parts = [f"{states[state]} {state}" for state in TrialState if states[state]]
    if len(own) < len(snapshot.trials):
        parts.append(f"{len(snapshot.trials) - len(own)} of other studies")
    listed = ", ".join(parts)
    print_lines(
        f"study {study.name}: {snapshot.num_finished} of {record.num_trials} trials finished"
        + (f" ({listed})" if listed else ""),
        f"reference network: {percent(record.reference.validation_error)} validation error, "
        f"{percent(record.reference.test_error)} test error, "
        f"{count(record.reference.num_parameters)} parameters, "
        f"{count(record.reference.float32_bytes)} bytes as 32-bit floats",
        *_student_lines(record),
    )
    if snapshot.compute_saved:
        print_lines(
            f"compute: {percent(snapshot.compute_saved, 0)} of the epochs of whole schedules were "
            "saved by short ones and early stops"
        )
    within = percent(study.score_config.max_accuracy_loss)
    top = best_trial(study.trials)
    if top is None:
        print_lines(nothing_within(study.trials, study.score_config.max_accuracy_loss))
    else:
        print_lines(
            f"best within {within} of accuracy loss: trial {top.record.number}, "
            f"{count(top.record.file_bytes)} bytes, {rate(top.record.compression_rate)}, "
            f"{points(top.record.accuracy_loss)} points"
        )
    if searches_methods(record.config):
        print_methods(standings(snapshot, study.trials))
    _print_running(study)
    ended = [t for t in snapshot.trials if t.state in (TrialState.stopped, TrialState.failed)]
    if ended:
        rows = [(str(t.number), t.setting or "", t.state.value, t.reason or "") for t in ended]
        print_table(
            "Ended early", ("trial", "setting", "state", "reason"), rows, num_text_columns=4
        )


def _student_lines(study: StudyRecord) -> tuple[str, ...]:
    student = study.reference.student
    if student is None:
        return ()
    return (
        f"student {study.config['student']['name']}: {percent(student.validation_error)} "
        f"validation error, {percent(student.test_error)} test error, "
        f"{count(student.num_parameters)} parameters",
    )


def print_front(study: StudyRecord, trials: Sequence[JudgedTrial], cap: float) -> None:
    """Print the Pareto front of judged trials as a table, or that nothing is within the cap."""
    rows = [trial_row(trial.record) for trial in feasible_front(trials)]
    if not rows:
        print_lines(f"study {study.name}: {nothing_within(trials, cap)}")
        return
    title = (
        f"Pareto front of study {study.name} within {percent(cap)} of accuracy loss; the reference "
        f"network: {percent(study.reference.validation_error)} validation error, "
        f"{percent(study.reference.test_error)} test error, "
        f"{count(study.reference.float32_bytes)} bytes"
    )
    print_table(title, TRIAL_COLUMNS, rows, num_text_columns=3)


def print_methods(found: Sequence[MethodStanding]) -> None:
    """Print how far each method of a study has come."""
    rows = [
        (
            title_of(standing.method),
            str(standing.effort.num_finished),
            duration(standing.effort.seconds),
            count(standing.best.record.file_bytes) if standing.best else "",
            points(standing.best.record.accuracy_loss) if standing.best else "",
            str(len(standing.front)),
            str(standing.num_on_front),
        )
        for standing in found
    ]
    columns = ("method", "trials", "time", "best bytes", "points lost", "own front", "joint front")
    print_table("Methods", columns, rows, num_text_columns=1)


def trial_row(trial: TrialRecord) -> tuple[str, ...]:
    """Return a complete trial as the cells under ``TRIAL_COLUMNS``."""
    return (
        str(trial.number),
        trial.setting or "",
        title_of(trial.method, trial.student),
        points(trial.accuracy_loss),
        percent(trial.validation_error),
        percent(trial.test_error),
        count(trial.file_bytes),
        rate(trial.compression_rate),
        rate(trial.han_compression_rate),
        percent(trial.nonzero_fraction),
    )


def trial_json(trial: TrialRecord) -> dict[str, Any]:
    """Return a complete trial for programs; errors and losses are fractions."""
    return {
        "trial": trial.number,
        "accuracy_loss": trial.accuracy_loss,
        "validation_error": trial.validation_error,
        "test_error": trial.test_error,
        "compression_rate": trial.compression_rate,
        "file_bytes": trial.file_bytes,
        "han_compression_rate": trial.han_compression_rate,
        "nonzero_fraction": trial.nonzero_fraction,
        "schedule": trial.schedule,
        "method": trial.method,
        **({} if trial.student is None else {"student": trial.student}),
        "params": trial.params,
    }


def reference_json(study: StudyRecord) -> dict[str, Any]:
    """Return the reference network of a study for programs."""
    reference = study.reference
    told: dict[str, Any] = {
        "validation_error": reference.validation_error,
        "test_error": reference.test_error,
        "num_parameters": reference.num_parameters,
        "float32_bytes": reference.float32_bytes,
    }
    if (student := reference.student) is not None:
        told["student"] = {
            "name": study.config["student"]["name"],
            "validation_error": student.validation_error,
            "test_error": student.test_error,
            "num_parameters": student.num_parameters,
        }
    return told


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else show(value)


def _print_running(study: ReadStudy) -> None:
    latest = latest_epochs(study.snapshot.epochs)
    rows = []
    for trial in study.snapshot.trials:
        if trial.state is TrialState.running:
            epoch = latest.get(trial.number)
            progress = f"{epoch.epoch}/{epoch.num_epochs}" if epoch else "starting"
            seconds = duration(epoch.seconds if epoch else None)
            rows.append(
                (str(trial.number), trial.setting or "", trial.worker or "", progress, seconds)
            )
    if rows:
        columns = ("trial", "setting", "worker", "epoch", "time")
        print_table("Running", columns, rows, num_text_columns=3)


def _standing_json(standing: MethodStanding) -> dict[str, Any]:
    return {
        "method": standing.method,
        "num_finished": standing.effort.num_finished,
        "seconds": standing.effort.seconds,
        "epochs": standing.effort.epochs,
        "best": None if standing.best is None else trial_json(standing.best.record),
        "front": [trial.record.number for trial in standing.front],
        "num_on_front": standing.num_on_front,
    }


def _status_json(study: ReadStudy) -> dict[str, Any]:
    snapshot = study.snapshot
    latest = latest_epochs(snapshot.epochs)
    top = best_trial(study.trials)
    states = Counter(trial.state for trial in snapshot.trials)
    trials = [
        {
            "trial": trial.number,
            "state": trial.state.value,
            "method": trial.method,
            "student": trial.student,
            "setting": trial.setting,
            "reason": trial.reason,
            "worker": trial.worker,
            "inherited_from": trial.inherited_from,
            "epoch": latest[trial.number].epoch if trial.number in latest else None,
            "num_epochs": latest[trial.number].num_epochs if trial.number in latest else None,
        }
        for trial in snapshot.trials
    ]
    return {
        "study": study.name,
        "num_trials": snapshot.study.num_trials,
        "num_finished": snapshot.num_finished,
        "states": {state.value: states[state] for state in TrialState},
        "max_accuracy_loss": study.score_config.max_accuracy_loss,
        "reference": reference_json(snapshot.study),
        "compute_saved": snapshot.compute_saved,
        "methods": [_standing_json(s) for s in standings(snapshot, study.trials)],
        "best": None if top is None else trial_json(top.record),
        "trials": trials,
    }
