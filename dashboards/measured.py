"""Rows of our own for Table 1: a study's best file, and results that benchmarks have recorded.

A benchmark puts rows into Table 1 by a list ``table_1`` among what it measured; each row is an
object with the fields of ``MeasuredRow`` but its source. Errors there are fractions on test data,
means over the seeds where there are several.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core.errors import DataError
from dashboards.points import Point
from search.methods import DEFAULT_METHOD, title_of
from search.records import StudySnapshot


@dataclass(frozen=True, kw_only=True)
class MeasuredRow:
    """One result of ours.

    Attributes:
        network: the network's name as the config group ``model`` spells it.
        method: what was done, in a few words.
        num_parameters: all numbers of the network.
        error_before: test error of the reference network, a fraction in [0, 1].
        error_after: test error of the decoded file.
        nonzero_fraction: share of the weights that are not zero.
        han_compression_rate: the paper's accounting, weights only.
        compression_rate: float32 bytes of all parameters over bytes of the file.
        file_bytes: bytes of the file with everything inside it.
        num_seeds: runs that the row is the mean of.
        source: where it comes from.
    """

    network: str
    method: str
    num_parameters: int
    error_before: float
    error_after: float
    nonzero_fraction: float
    han_compression_rate: float
    compression_rate: float
    file_bytes: float
    num_seeds: int = 1
    source: str


def row_of_study(snapshot: StudySnapshot, best: Point | None) -> tuple[MeasuredRow, ...]:
    """Return a study's smallest file within the cap as a row; none where there is none."""
    if best is None:
        return ()
    study = snapshot.study
    return (
        MeasuredRow(
            network=study.config["model"]["name"],
            method=f"softshare, this study{_by(best.method)}",
            num_parameters=study.reference.num_parameters,
            error_before=study.reference.test_error,
            error_after=best.test_error,
            nonzero_fraction=best.nonzero_fraction,
            han_compression_rate=best.han_compression_rate,
            compression_rate=best.compression_rate,
            file_bytes=best.file_bytes,
            source=f"study {study.name}, trial {best.trial}",
        ),
    )


def _by(method: str) -> str:
    return "" if method == DEFAULT_METHOD else f": {title_of(method)}"


def read_results(folder: Path) -> tuple[MeasuredRow, ...]:
    """Return the rows of every result in a folder and those below it, by the names of its files.

    Raises:
        DataError: there is no such folder, a file is not readable, or a row is none.
    """
    if not folder.is_dir():
        raise DataError(f"results must be a folder with results as JSON, but got {folder}")
    return tuple(row for path in sorted(folder.rglob("*.json")) for row in _rows_of(path, folder))


def _rows_of(path: Path, folder: Path) -> Iterable[MeasuredRow]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        measured = document.get("measured", {}) if isinstance(document, dict) else {}
        rows = measured.get("table_1", ()) if isinstance(measured, dict) else ()
        return [_row(row, str(path.relative_to(folder))) for row in rows]
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"{path} holds no rows for Table 1: {error}; run its command again"
        ) from error


def _row(values: dict[str, Any], source: str) -> MeasuredRow:
    numbers = {
        field.name: values.get(field.name)
        for field in fields(MeasuredRow)
        if field.name not in ("network", "method", "source", "num_seeds")
    }
    wrong = [
        name
        for name, value in numbers.items()
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0
    ]
    if wrong:
        raise ValueError(f"{wrong[0]} must be a number >= 0, but got {numbers[wrong[0]]!r}")
    return MeasuredRow(**values, source=source)
