"""``search`` as a shell runs it, from end to end: create, report, resume, refuse, interrupt."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from core.codec import decode
from search.command_line import main
from search.command_line.parsing import parse
from search.command_line.search import resume_command
from search.command_line.verbs import VERBS
from search.configuration import compose
from search.reading import read_study
from search.records import TrialState
from search.storage import StorageConfig, open_storage
from tests.data_sets import SMALL_VALIDATION, small_images, write_idx_folder
from tests.search.command_line.test_processes import MODULE, run


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A study of seconds, with its data, cache, runs and database in a folder of its own."""
    folder = tmp_path_factory.mktemp("search")
    images = write_idx_folder(folder / "images", small_images())
    return [
        "data=idx",
        f"data.dir={images}",
        f"data.num_validation={SMALL_VALIDATION}",
        "reference.num_epochs=2",
        "retrain.num_epochs=2",
        "retrain.stop_hopeless=false",
        "post_processing.fine_tuning_epochs=1",
        "score.max_accuracy_loss=1",
        "study.name=small",
        "study.settings=[best_known]",
        f"runs_dir={folder}/runs",
        f"cache_dir={folder}/cache",
    ]


def runs_dir(words: list[str]) -> Path:
    return Path(next(word for word in words if word.startswith("runs_dir=")).partition("=")[2])


def test_a_study_is_created_reported_resumed_and_guarded(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first = run("search", *words, "study.num_trials=2")
    assert first.returncode == 0, first.stderr
    folder = runs_dir(words) / "small"
    assert "reference network" in first.stdout
    assert "Pareto front of study small" in first.stdout
    assert "trial 0 (best_known): accuracy loss " in first.stdout
    assert f"report: {folder}/report.html" in first.stdout
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    best = (folder / "best.sws").read_bytes()
    decode(best)
    read = [word for word in words if word.startswith(("study.name=", "runs_dir="))]
    assert main(["pareto", *read, "output=json"]) == 0
    points = json.loads(capsys.readouterr().out)["points"]
    assert min(point["file_bytes"] for point in points) == len(best)

    assert main(["search", *words, "study.num_trials=3", "workers=1"]) == 0
    shown = capsys.readouterr().out
    assert "resuming study small" in shown
    assert "2 of 3 trials are done" in shown
    assert "trial 0" not in shown.partition("Pareto front")[0]
    assert "trial 2" in shown

    # By its name alone it goes on as it began, with as many trials as it has.
    named = [word for word in words if word.startswith(("data.dir=", "cache_dir="))]
    assert main(["search", *read, *named]) == 0
    assert "3 of 3 trials are done" in capsys.readouterr().out

    assert main(["search", *words, "study.num_trials=3", "retrain.tau=0.3"]) == 2
    refused = capsys.readouterr().err
    tau = compose().retrain.tau
    assert refused.startswith(
        "softshare: study small exists with another configuration: "
        f"retrain.tau: {tau} in the study, 0.3 here; "
    )
    assert "study.name" in refused


def test_an_interrupted_search_keeps_what_is_finished_and_says_how_to_go_on(
    words: list[str],
) -> None:
    asked = [*words, "study.name=long", "retrain.num_epochs=1000", "study.num_trials=3"]
    storage_config = StorageConfig(url=f"sqlite:///{runs_dir(words)}/softshare.db")
    process = subprocess.Popen(
        [*MODULE, "search", *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches a whole foreground group
    )
    try:
        wait_for_an_epoch(storage_config, process)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, error
    assert "what is finished is kept in study long; go on with: softshare search " in error
    assert "study.num_trials=3" in error
    assert "Traceback" not in error
    storage = open_storage(storage_config, create=False)
    snapshot = read_study(storage, "long")
    storage.close()
    assert TrialState.running not in {trial.state for trial in snapshot.trials}


def wait_for_an_epoch(config: StorageConfig, process: subprocess.Popen[str]) -> None:
    """Wait until the study ``long`` trains."""
    while process.poll() is None:
        time.sleep(0.2)
        try:
            storage = open_storage(config, create=False)
        except Exception:  # noqa: BLE001 - the database may be half-way made
            continue
        try:
            if read_study(storage, "long").epochs:
                return
        except Exception:  # noqa: BLE001 - the study may be half-way made
            continue
        finally:
            storage.close()
    pytest.fail(f"the search ended before its first epoch: {process.communicate()}")


def test_the_command_to_go_on_is_one_that_a_shell_reads() -> None:
    request = parse(VERBS["search"], ["study.name='a b'", "study.num_trials=3"])
    assert resume_command(request) == (
        "softshare search 'study.name='\"'\"'a b'\"'\"'' study.num_trials=3"
    )


def test_the_command_to_go_on_shows_no_password() -> None:
    url = "storage.url=postgresql+psycopg2://ann:secret@host/nets"
    shown = resume_command(parse(VERBS["search"], [url]))
    assert "secret" not in shown
    assert "ann:***@host/nets" in shown
