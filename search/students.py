"""Which trials of a study compress the student of its network, and how people call that."""

from collections.abc import Mapping
from typing import Any

COMPRESSED = "student.compressed"
"""The key that decides whether a trial compresses the student rather than the network."""


def student_of(config: Mapping[str, Any], own: Mapping[str, Any]) -> str | None:
    """Return the name of the student that a trial compresses, None where it is the network itself.

    Args:
        config: the study's stored configuration; those of earlier versions know no student.
        own: values that are the trial's own, by dotted key.
    """
    student = config.get("student", {})
    return student.get("name") if own.get(COMPRESSED, student.get("compressed")) else None
