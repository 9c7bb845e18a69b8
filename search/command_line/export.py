"""``export``: the compressed file of a trial, out of the database and into a file."""

from collections.abc import Mapping

from core.codec import decode, write_file
from core.errors import ConfigError
from search.artifacts import Artifacts, load_artifact
from search.command_line.budgets import chosen_trial
from search.command_line.printing import print_lines
from search.command_line.request import Request
from search.command_line.studies import ReadStudy, read
from search.command_line.verbs import BUDGETS
from search.errors import StudyError
from search.quantities import count, points, rate
from search.records import TrialRecord, TrialState


def export(request: Request) -> None:
    """Write the file of the trial that was asked for."""
    study = read(request.overrides)
    trial = _trial(study, request.arguments)
    path = request.path("to")
    content = trial_file(study, trial)
    write_file(path, content)
    print_lines(
        f"{path}: trial {trial.number} of study {study.name}, {count(len(content))} bytes, "
        f"{rate(trial.compression_rate)}, accuracy loss {points(trial.accuracy_loss)} points"
    )


def trial_file(study: ReadStudy, trial: TrialRecord) -> bytes:
    """Return the compressed file of a complete trial.

    Raises:
        StudyError: the trial has none.
        ArtifactError: it is missing or damaged.
        CodecError: it does not decode.
    """
    if trial.state is not TrialState.complete or trial.artifact_id is None:
        because = f": {trial.reason}" if trial.reason else ""
        raise StudyError(
            f"trial must be a complete one, but trial {trial.number} of study {study.name} is "
            f"{trial.state.value}{because}"
        )
    content = load_artifact(Artifacts(study.storage), trial.artifact_id)
    decode(content)
    return content


def _trial(study: ReadStudy, arguments: Mapping[str, str]) -> TrialRecord:
    asked = arguments["trial"]
    if asked == "best":
        return chosen_trial(study, arguments)[0].record
    if arguments.keys() & {argument.name for argument in BUDGETS}:
        raise ConfigError(f"trial must be best where a budget chooses it, but got {asked}")
    if not asked.isdecimal():
        raise ConfigError(f"trial must be the number of a trial or best, but got {asked}")
    for trial in study.snapshot.trials:
        if trial.number == int(asked):
            return trial
    complete = [str(trial.record.number) for trial in study.trials]
    there = f"its complete ones are {', '.join(complete)}" if complete else "none is complete yet"
    raise StudyError(f"study {study.name} has no trial {asked}; {there}")
