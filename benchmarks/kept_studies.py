"""Studies that benchmarks run and keep: run again, a benchmark resumes what it has begun.

Each has a database of its own under ``runs/benchmarks``; remove it to begin anew.
"""

import subprocess
import sys
from collections.abc import Sequence

from search.configuration import SoftshareConfig, compose
from search.records import StudySnapshot, TrialRecord, TrialState, read_study
from search.storage import open_storage


def storage_of(name: str) -> str:
    """Return the override that names a study's database."""
    return f"storage.url=sqlite:///runs/benchmarks/{name}.db"


def softshare(*words: str) -> str:
    """Run the command line; return what it prints, its progress shown on standard error."""
    command = [sys.executable, "-m", "search.command_line", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def finished_study(
    name: str, num_trials: int, overrides: Sequence[str], workers: int
) -> tuple[SoftshareConfig, StudySnapshot]:
    """Run a study, or the rest of it, and return it with what it ran with."""
    words = [storage_of(name), f"study.name={name}", f"study.num_trials={num_trials}", *overrides]
    softshare("search", *words, f"workers={workers}")
    config = compose(words)
    storage = open_storage(config.storage, create=False)
    try:
        return config, read_study(storage, name)
    finally:
        storage.close()


def in_order(snapshot: StudySnapshot) -> list[TrialRecord]:
    """Return the trials that count, by when they ended."""
    unfinished = (TrialState.running, TrialState.interrupted)
    ended = [trial for trial in snapshot.trials if trial.state not in unfinished]
    return sorted(ended, key=lambda trial: (str(trial.finished_at), trial.number))
