"""Studies that benchmarks run and keep: run again, a benchmark resumes what it has begun.

Each has a database of its own under ``runs/benchmarks``; remove it to begin anew.
"""

from collections.abc import Sequence

from benchmarks.command_line import softshare
from search.configuration import SoftshareConfig, compose
from search.reading import read_study
from search.records import StudySnapshot, TrialRecord
from search.storage import open_storage


def storage_of(name: str) -> str:
    """Return the override that names a study's database."""
    return f"storage.url=sqlite:///runs/benchmarks/{name}.db"


def finished_study(
    name: str, num_trials: int, overrides: Sequence[str]
) -> tuple[SoftshareConfig, StudySnapshot]:
    """Run a study, or the rest of it, and return it with what it ran with.

    By one worker: what several propose depends on which of them is faster.
    """
    words = [storage_of(name), f"study.name={name}", f"study.num_trials={num_trials}", *overrides]
    softshare("search", *words, "workers=1")
    config = compose(words)
    storage = open_storage(config.storage, create=False)
    try:
        return config, read_study(storage, name)
    finally:
        storage.close()


def in_order(snapshot: StudySnapshot) -> list[TrialRecord]:
    """Return the trials that count, by when they ended."""
    return sorted(snapshot.finished, key=lambda trial: (str(trial.finished_at), trial.number))
