"""Reads the stored trace of a trial: what its compression did to the mixture and the weights."""

from core.trace import Trace
from search.artifacts import read_artifact
from search.records import TrialRecord
from search.storage import Database


def load_trace(database: Database, trial: TrialRecord) -> Trace | None:
    """Return the trace of a trial, or None where none was stored.

    Raises:
        ArtifactError: it is missing from the database or damaged there.
        DataError: it is no trace that this version reads.
    """
    if trial.trace_artifact_id is None:
        return None
    return Trace.from_bytes(read_artifact(database, trial.trace_artifact_id))
