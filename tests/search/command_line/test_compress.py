"""``compress``: one retraining from the command line, its file, and how it can fail."""

import json
from pathlib import Path

import pytest

from search.command_line import main
from search.command_line.compress import compress_overrides
from search.command_line.parsing import parse
from search.command_line.verbs import VERBS
from search.configuration import compose
from search.setting import setting_names
from tests.search.command_line.conftest import FinishedStudy

QUICK = (
    "reference.num_epochs=2",
    "retrain.num_epochs=2",
    "retrain.stop_hopeless=false",
    "post_processing.fine_tuning_epochs=1",
)


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of this module's own, so that its reference network is trained once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def words(finished_study: FinishedStudy, cache_dir: Path) -> list[str]:
    return ["compress", *finished_study.data_words, *QUICK, f"cache_dir={cache_dir}"]


def test_the_written_file_is_what_was_measured(
    words: list[str],
    finished_study: FinishedStudy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "net.sws"
    assert main([*words, f"to={target}", "output=json"]) == 0
    printed = capsys.readouterr()
    outcome = json.loads(printed.out)
    assert outcome["file_bytes"] == target.stat().st_size
    assert "fine-tune: epoch 3/3, accuracy loss" in printed.err
    assert main(["evaluate", str(target), *finished_study.data_words, "output=json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    for key in ("validation_error", "test_error", "compression_rate"):
        assert measured[key] == outcome[key]


def test_the_outcome_is_printed_for_people(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    shown = capsys.readouterr().out
    for text in ("validation error:", "points, ", "the cap of 0.50 %", "in Han's format"):
        assert text in shown


def test_nan_in_training_is_told_in_one_line(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "net.sws"
    assert main([*words, "retrain.lr_weights=1e30", f"to={target}"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("softshare: ")
    assert not target.exists()


def test_a_setting_is_what_the_other_keys_start_from() -> None:
    request = parse(VERBS["compress"], ["setting=tutorial", "retrain.tau=0.01"])
    config = compose(compress_overrides(request))
    assert (config.retrain.tau, config.prior.num_components) == (0.01, 16)
    assert config.retrain.lr_weights == 5e-4
    assert config.prior.zero_std_mode == pytest.approx(0.02, rel=1e-3)


def test_an_unknown_setting_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compress", "setting=best"]) == 2
    assert capsys.readouterr().err == (
        f"softshare: setting must be one of {', '.join(setting_names())}, but got best\n"
    )
