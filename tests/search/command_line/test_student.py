"""A study whose trials compress the network or its student, from the first command to the file."""

import json
import shlex
from pathlib import Path

import pytest

from core.codec import decode
from search.artifacts import Artifacts, load_artifact
from search.command_line import main
from search.compression import compress_config
from search.configuration import compose
from search.overview import read_trial_config
from search.reading import read_study
from search.records import TrialState
from search.reproduction import FOLDER, reproducing_command
from search.storage import StorageConfig, open_storage
from tests.data_sets import SMALL_VALIDATION, small_images, write_idx_folder
from tests.search.command_line.test_processes import run

COMPRESSED = "student.compressed"


def test_network_and_student_are_compressed_in_one_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = write_idx_folder(tmp_path / "images", small_images())
    url = f"sqlite:///{tmp_path}/studies.db"
    data = ["data=idx", f"data.dir={images}", f"data.num_validation={SMALL_VALIDATION}"]
    words = [
        *data,
        f"storage.url={url}",
        f"cache_dir={tmp_path}/cache",
        "student=lenet_5_small",
        "student.num_epochs=2",
        "space.student.compressed.choices=[false,true]",
        "reference.num_epochs=2",
        "retrain.num_epochs=1",
        "retrain.stop_hopeless=false",
        "post_processing.fine_tuning_epochs=0",
        "study.name=both",
        "study.policy=random",
        "study.settings=[]",
        "study.num_trials=4",
    ]
    assert main(["create", *words]) == 0
    assert "student lenet_5_small: 18,386 parameters" in capsys.readouterr().out
    # A machine with the data alone: both networks come from the database.
    done = run(
        "worker", f"storage.url={url}", "study.name=both", data[1], f"cache_dir={tmp_path}/w"
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "w" / "references").exists()
    storage = open_storage(StorageConfig(url=url))
    study = read_study(storage, "both")
    assert {trial.state for trial in study.trials} == {TrialState.complete}
    assert {trial.params[COMPRESSED] for trial in study.trials} == {False, True}
    for trial in study.trials:
        assert trial.artifact_id is not None
        assert trial.file_bytes is not None
        file = load_artifact(Artifacts(storage), trial.artifact_id)
        name = "lenet_5_small" if trial.params[COMPRESSED] else "lenet_300_100"
        assert decode(file).network_name == name
        assert trial.compression_rate == 4 * 266_610 / trial.file_bytes
        assert trial.validation_error is not None
        loss = trial.validation_error - study.study.reference.validation_error
        assert trial.accuracy_loss == pytest.approx(loss)
    for trial in study.trials:
        assert trial.student == ("lenet_5_small" if trial.params[COMPRESSED] else None)
    capsys.readouterr()
    named = [f"storage.url={url}", "study.name=both", "score.max_accuracy_loss=1"]
    assert main(["status", *named]) == 0
    assert "student lenet_5_small: " in capsys.readouterr().out
    assert main(["pareto", *named, "output=json"]) == 0
    front = json.loads(capsys.readouterr().out)
    assert front["reference"]["student"]["num_parameters"] == 18_386
    by_number = {trial.number: trial.student for trial in study.trials}
    assert {point["trial"]: point.get("student") for point in front["points"]}.items() <= (
        by_number.items()
    )
    assert main(["report", *named, f"to={tmp_path}/report"]) == 0
    page = (tmp_path / "report" / "report.html").read_text()
    assert "student lenet_5_small, 18,386 parameters" in page
    assert page.count("<td>lenet_5_small</td>") == page.count('data-network="lenet_5_small"')
    number = next(trial.number for trial in study.trials if trial.params[COMPRESSED])
    config = read_trial_config(storage, "both", number)
    target = tmp_path / "again.sws"
    command = reproducing_command(study.study.config, config, str(target))
    artifact_id = study.trials[number].artifact_id
    assert artifact_id is not None
    wanted = load_artifact(Artifacts(storage), artifact_id)
    storage.close()
    assert command is not None
    again = [data[1], f"cache_dir={tmp_path}/cache"]
    there = [word for word in shlex.split(command)[1:] if word != f"data.dir={FOLDER}"]
    assert main([*there, *again]) == 0
    assert target.read_bytes() == wanted
    assert main(["evaluate", str(target), *data, again[1]]) == 0


def test_the_units_of_the_network_are_not_those_of_its_student() -> None:
    words = ["experiment=lenet_5_caffe", "student=lenet_5_small"]
    assert compress_config(compose(words)).shrinking.units == [8, 16, 56]
    assert compress_config(compose([*words, "student.compressed=true"])).shrinking.units == []
    own = [*words, "student.compressed=true", "student.units=[4,8,28]"]
    assert compress_config(compose(own)).shrinking.units == [4, 8, 28]


def test_network_and_student_have_names_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["model.factory=a.nets:make", "student.factory=a.nets:small", "student.name=make"]
    assert main(["search", *words]) == 2
    assert "student.name must be another than model.name" in capsys.readouterr().err


def test_a_student_s_training_is_no_key_of_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "student=lenet_5_small", "space.student.lr={low:1e-4,high:1e-2}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("softshare: space.student.lr must be compressed, the one key")
    assert main(["search", "space.student.compressed.choices=[false,true]"]) == 2
    assert "student.compressed must be false without a student" in capsys.readouterr().err
