"""Rows of our own for Table 1 come from recorded results, and a wrong one is refused in a line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import DataError
from dashboards.measured import read_results, row_of_study
from dashboards.points import best_of, points_of
from dashboards.table_1 import table_1
from search.records import StudySnapshot, TrialRecord
from search.scoring import ScoreConfig

ROW = {
    "network": "lenet_5_caffe",
    "method": "softshare",
    "num_parameters": 431_080,
    "error_before": 0.0085,
    "error_after": 0.0092,
    "nonzero_fraction": 0.004,
    "han_compression_rate": 250.0,
    "compression_rate": 1120.0,
    "file_bytes": 1539.3,
    "num_seeds": 3,
}


def write(folder: Path, **measured: object) -> None:
    (folder / "lenet_5_caffe").mkdir()
    (folder / "lenet_5_caffe" / "best.json").write_text(json.dumps({"measured": measured}))


def test_recorded_rows_are_read_with_their_file(tmp_path: Path) -> None:
    write(tmp_path, table_1=[ROW], seconds=9)
    (tmp_path / "other.json").write_text('{"measured": {"seconds": 3}}')
    (row,) = read_results(tmp_path)
    assert (row.network, row.num_seeds, row.source) == (
        "lenet_5_caffe",
        3,
        "lenet_5_caffe/best.json",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"error_after": "low"}, "error_after must be a number >= 0, but got 'low'"),
        ({"file_bytes": None}, "file_bytes must be a number"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_wrong_row_is_refused_with_its_file(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    write(tmp_path, table_1=[ROW | change])
    with pytest.raises(DataError, match=rf"best\.json holds no rows.*{reason}"):
        read_results(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="results must be a folder"):
        read_results(tmp_path / "none")


def test_ours_stand_after_the_published_rows_of_their_network(
    tmp_path: Path,
    make_trial: Callable[..., TrialRecord],
    make_snapshot: Callable[..., StudySnapshot],
) -> None:
    write(tmp_path, table_1=[ROW])
    snapshot = make_snapshot(make_trial(0, 0.1, 182, test_error=0.019))
    points = points_of(snapshot, ScoreConfig())
    written = table_1([*read_results(tmp_path), *row_of_study(snapshot, best_of(points))])
    text = written.replace("\N{NO-BREAK SPACE}", " ")
    order = ["LeNet-300-100", "study quickstart, trial 0", "LeNet-5-Caffe", "1,539 B", "WRN-16-4"]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)
    assert text.count(">published<") == 7
    assert text.count(">measured<") == 2
    assert "mean of 3 seeds" in text
    assert "1.71 → 1.90 %" in text
    assert row_of_study(snapshot, None) == ()
