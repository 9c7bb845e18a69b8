"""``status``, ``pareto``, ``best`` and ``export`` say what a study holds."""

import json
import threading
from pathlib import Path

import pytest

from search.command_line import main
from search.configuration import compose
from search.storage import open_storage
from search.study import open_study
from search.worker import Worker
from tests.search.command_line.conftest import NAME, FinishedStudy
from tests.search.studies import instant_compress, untrained_reference

POINT_KEYS = [
    "trial",
    "accuracy_loss",
    "validation_error",
    "test_error",
    "compression_rate",
    "file_bytes",
    "han_compression_rate",
    "nonzero_fraction",
    "schedule",
    "method",
    "params",
]


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main([*words, "output=json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    document: dict[str, object] = json.loads(printed.out)
    return document


def test_the_front_as_json_has_exactly_the_promised_keys(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run_json(capsys, "pareto", *finished_study.words)
    assert list(printed) == ["study", "reference", "points"]
    assert printed["study"] == NAME
    reference, points = printed["reference"], printed["points"]
    assert isinstance(reference, dict)
    assert list(reference) == ["validation_error", "test_error", "num_parameters", "float32_bytes"]
    assert (reference["num_parameters"], reference["float32_bytes"]) == (266_610, 1_066_440)
    assert isinstance(points, list)
    (point,) = points
    outcome = finished_study.outcome
    assert list(point) == POINT_KEYS
    assert point["trial"] == 0
    assert point["accuracy_loss"] == outcome.accuracy_loss
    assert point["file_bytes"] == len(outcome.file)
    assert point["compression_rate"] == outcome.compression_rate
    assert point["params"]["retrain.tau"] == compose().retrain.tau


def test_the_front_as_a_table_shows_per_cent(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pareto", *finished_study.words]) == 0
    shown = capsys.readouterr().out
    outcome = finished_study.outcome
    assert f"{100 * outcome.validation_error:.2f} %" in shown
    assert f"{100 * outcome.accuracy_loss:+.2f}" in shown
    assert f"{len(outcome.file):,}" in shown
    assert "best_known" in shown


def test_the_cap_can_be_looked_at_again(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    points = run_json(capsys, "pareto", *finished_study.words, "score.max_accuracy_loss=1")[
        "points"
    ]
    assert isinstance(points, list)
    assert [point["trial"] for point in points] == [0, 1]


def test_a_front_without_a_trial_within_the_cap_is_empty(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["pareto", *finished_study.words, "score.max_accuracy_loss=0"]
    if finished_study.outcome.accuracy_loss > 0:
        assert run_json(capsys, *words)["points"] == []
        assert main(words) == 0
        assert "no trial yet loses at most 0.00 %" in capsys.readouterr().out


def test_the_best_is_the_smallest_file_within_the_cap(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run_json(capsys, "best", *finished_study.words)
    assert list(printed) == ["study", "reference", "point"]
    assert isinstance(printed["point"], dict)
    assert printed["point"]["trial"] == 0
    assert main(["best", *finished_study.words]) == 0
    assert "retrain.tau" in capsys.readouterr().out


def test_status_tells_states_and_reasons(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run_json(capsys, "status", *finished_study.words)
    assert (printed["num_finished"], printed["num_trials"]) == (4, 4)
    assert printed["states"] == {
        "running": 0,
        "complete": 2,
        "stopped": 1,
        "failed": 1,
        "interrupted": 0,
    }
    assert main(["status", *finished_study.words]) == 0
    shown = capsys.readouterr().out
    assert f"study {NAME}: 4 of 4 trials finished (2 complete, 1 stopped, 1 failed)" in shown
    assert "compute: 100 % of the epochs of whole schedules were saved" in shown  # none was run
    assert "trapped: 40 % of the weights are non-zero" in shown
    assert "the loss is not a number in step 7" in shown


@pytest.mark.parametrize("trial", ["0", "best"])
def test_the_exported_file_is_the_trials(
    trial: str, finished_study: FinishedStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.sws"
    assert main(["export", *finished_study.words, f"trial={trial}", f"to={target}"]) == 0
    assert target.read_bytes() == finished_study.outcome.file
    assert str(target) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("trial", "message"),
    [
        ("2", "trial must be a complete one, but trial 2 of study a study is stopped: trapped"),
        ("3", "trial must be a complete one, but trial 3 of study a study is failed: the loss"),
        ("99", "study a study has no trial 99; its complete ones are 0, 1"),
        ("-1", "trial must be the number of a trial or best, but got -1"),
        ("x", "trial must be the number of a trial or best, but got x"),
    ],
)
def test_a_trial_without_a_file_is_refused(
    trial: str,
    message: str,
    finished_study: FinishedStudy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "out.sws"
    assert main(["export", *finished_study.words, f"trial={trial}", f"to={target}"]) == 2
    assert capsys.readouterr().err.startswith(f"softshare: {message}")
    assert not target.exists()


def test_a_file_that_does_not_decode_is_not_exported(
    finished_study: FinishedStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.sws"
    assert main(["export", *finished_study.words, "trial=1", f"to={target}"]) == 2
    assert "(at byte " in capsys.readouterr().err
    assert not target.exists()


def test_no_feasible_trial_is_told_with_the_nearest(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    if finished_study.outcome.accuracy_loss > 0:
        assert main(["best", *finished_study.words, "score.max_accuracy_loss=0"]) == 2
        loss = 100 * finished_study.outcome.accuracy_loss
        assert capsys.readouterr().err == (
            f"softshare: study {NAME}: no trial yet loses at most 0.00 % of accuracy, the nearest "
            f"loses {loss:.2f} %; raise score.max_accuracy_loss, or study.num_trials and search "
            "on\n"
        )


def test_a_study_that_is_not_there_lists_those_that_are(
    finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pareto", finished_study.words[0], "study.name=other"]) == 2
    error = capsys.readouterr().err
    assert "but got other" in error
    assert NAME in error


def test_reading_makes_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pareto", f"runs_dir={tmp_path}"]) == 2
    assert "softshare.db" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_status_of_a_study_over_methods_tells_each(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"storage.url={sqlite_url}", "study.name=several"]
    config = compose([*words, "method=all", "study.num_trials=2"])
    config.study.settings = ["best_known", "magnitude_pruning"]
    storage = open_storage(config.storage)
    study = open_study(storage, config, untrained_reference())
    Worker(study, instant_compress, threading.Event()).run()
    storage.close()
    methods = run_json(capsys, "status", *words)["methods"]
    assert isinstance(methods, list)
    assert {m["method"]: m["num_finished"] for m in methods} == {
        "soft_weight_sharing": 1,
        "magnitude_pruning": 1,
    }
    assert main(["status", *words]) == 0
    shown = capsys.readouterr().out
    assert "joint front" in shown
    assert "magnitude pruning" in shown
