"""The worked example: networks and data that no config of ours knows, from checkpoint to file."""

import json
import os
import sys
from pathlib import Path

import pytest
import torch

from core.codec import load_into
from core.errors import SoftshareError
from core.student import StudentConfig
from digits.data import make_data
from digits.nets import make_convolutional, make_recurrent, make_small
from digits.train import NETS, train
from search.command_line import main
from search.compression import compress_config
from search.configuration import compose
from search.own import StudyResult, compress, distil, run_study
from search.storage import open_storage
from search.study import open_study
from tests.conftest import ROOT
from tests.search.studies import untrained_reference

EXAMPLES = ROOT / "examples"
QUICK = (
    "retrain.num_epochs=6",
    "retrain.batch_size=64",
    "retrain.lr_weights=3e-3",
    "retrain.tau=0.02",
    "post_processing.rate_weight=0.02",
    "post_processing.fine_tuning_epochs=2",
    "retrain.stop_hopeless=false",
)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint of each network, trained for a moment."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for name in NETS:
        network, error = train(name, num_epochs=12)
        assert error < 0.2
        torch.save(network.state_dict(), folder / f"{name}.pt")
    return folder


def words_of(name: str, checkpoints: Path) -> list[str]:
    return [
        f"model.factory=digits.nets:make_{name}",
        f"model.checkpoint={checkpoints}/{name}.pt",
        "data.factory=digits.data:make_data",
        "code.allowed=[digits]",
        f"code.dir={EXAMPLES}",
    ]


def test_a_search_ends_in_a_file_that_can_be_used(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One worker process, which takes network and data from their factories again."""
    storage = f"storage.url=sqlite:///{tmp_path}/studies.db"
    places = [storage, f"runs_dir={tmp_path}", f"cache_dir={tmp_path}/cache", "study.name=digits"]
    study = ["study.num_trials=1", "study.settings=[best_known]", "workers=1"]
    own = words_of("transformer", checkpoints)
    cap = "score.max_accuracy_loss=0.5"
    assert main(["search", *own, *places, *study, cap, *QUICK]) == 0
    assert "make_transformer on make_data, 18,026 parameters" in capsys.readouterr().out
    file = tmp_path / "mine.sws"
    assert main(["export", storage, "study.name=digits", cap, "trial=best", f"to={file}"]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(file), *own, "output=json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert main(["best", storage, "study.name=digits", cap, "output=json"]) == 0
    best = json.loads(capsys.readouterr().out)
    assert measured["test_error"] == best["point"]["test_error"]
    assert measured["compression_rate"] == best["point"]["compression_rate"] > 5
    # a machine that does not allow the code does not run it
    worker = ["worker", storage, "study.name=digits", f"cache_dir={tmp_path}/cache"]
    assert main([*worker, f"code.dir={EXAMPLES}"]) == 2
    message = capsys.readouterr().err
    assert "must be of a module that code.allowed lists on this machine (none)" in message
    assert message.count("\n") == 1


def test_files_of_ones_own_name_network_and_data(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--config-dir``: no word of the command line but names."""
    for group, text in {
        "model": "factory: digits.nets:make_convolutional\n"
        f"checkpoint: {checkpoints}/convolutional.pt\nclustered: [features.4.bias]\n",
        "data": "factory: digits.data:make_data\n",
    }.items():
        (tmp_path / "conf" / group).mkdir(parents=True)
        (tmp_path / "conf" / group / "mine.yaml").write_text(text)
    own = ["--config-dir", str(tmp_path / "conf"), "model=mine", "data=mine"]
    code = ["code.allowed=[digits]", f"code.dir={EXAMPLES}"]
    file = tmp_path / "mine.sws"
    assert main(["compress", *own, *code, *QUICK, f"to={file}", "output=json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["compression_rate"] > 5
    assert main(["evaluate", str(file), *own, *code, "output=json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["network"] == "make_convolutional"
    assert measured["test_error"] == outcome["test_error"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config-dir"], "--config-dir must be a folder, but got nothing"),
        (["--config-dir=nowhere"], "--config-dir must be a folder, but got nowhere"),
        (["--config-dir", "."], "must have files such as model/mine.yaml in folders named after"),
        (["--config-dir=a", "--config-dir=b"], "--config-dir is given twice"),
        (["model=mine"], "model must be one of "),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_in_a_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compress", *words]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_a_recurrent_network_is_compressed_by_a_command_line(
    checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compress", *words_of("recurrent", checkpoints), *QUICK, "output=json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["compression_rate"] > 5


@pytest.mark.parametrize("key", ["model", "data"])
def test_a_hostile_study_runs_nothing(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    witness = tmp_path / "witness"
    (tmp_path / "evil.py").write_text(f"open({str(witness)!r}, 'w').close()\ndef make(): ...\n")
    url = f"storage.url=sqlite:///{tmp_path}/studies.db"
    config = compose([url, "study.name=trap", f"{key}.factory=evil:make", "study.settings=[]"])
    storage = open_storage(config.storage)
    open_study(storage, config, untrained_reference())
    storage.close()
    code = ["code.allowed=[digits]", f"code.dir={tmp_path}"]
    cache = os.environ.get("SOFTSHARE_CACHE", "~/.cache/softshare")
    assert main(["worker", url, "study.name=trap", f"cache_dir={cache}", *code]) == 2
    assert f"softshare: {key}.factory must be of a module" in capsys.readouterr().err
    assert not witness.exists()
    assert "evil" not in sys.modules


@pytest.mark.parametrize("name", NETS)
def test_one_compression_in_python_leaves_the_network_alone(
    name: str, checkpoints: Path, tmp_path: Path
) -> None:
    network = NETS[name]()
    network.load_state_dict(torch.load(checkpoints / f"{name}.pt", weights_only=True))
    network.head.weight.requires_grad_(False)
    dropouts = [module.p for module in network.modules() if isinstance(module, torch.nn.Dropout)]
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    random, threads = torch.get_rng_state(), torch.get_num_threads()
    training, validation, test = make_data()
    config = compress_config(compose(QUICK))
    reports: list[object] = []
    outcome = compress(
        network, training, validation, config, test=test, on_epoch=reports.append, progress=False
    )
    assert len(reports) == 8
    assert outcome.compression_rate > 5
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.get_num_threads() == threads
    assert dropouts == [m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)]
    assert not network.head.weight.requires_grad
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    (tmp_path / "small.sws").write_bytes(outcome.file)
    small = load_into(NETS[name](), tmp_path / "small.sws")
    with torch.no_grad():
        wrong = small(torch.from_numpy(test[0])).argmax(1) != torch.from_numpy(test[1])
    assert float(wrong.float().mean()) == pytest.approx(outcome.test_error)


def test_a_study_in_python_goes_on_where_it_was_left(checkpoints: Path, tmp_path: Path) -> None:
    network = make_recurrent()
    network.load_state_dict(torch.load(checkpoints / "recurrent.pt", weights_only=True))
    training, validation, _ = make_data()
    words = [
        f"storage.url=sqlite:///{tmp_path}/studies.db",
        f"cache_dir={tmp_path}/cache",
        "study.name=mine",
        "study.settings=[]",
        "score.max_accuracy_loss=1",
        *QUICK,
        "retrain.num_epochs=2",
    ]
    once = run_study(
        network, training, validation, compose([*words, "study.num_trials=1"]), progress=False
    )
    assert len(once.trials) == 1
    config = compose([*words, "study.num_trials=2"])
    result = run_study(network, training, validation, config, progress=False)
    assert result.trials[0] == once.trials[0]
    assert len(result.trials) == 2
    assert result.best is not None
    assert len(result.files[result.best.record.number]) == result.best.record.file_bytes
    with torch.no_grad():
        network.head.bias.add_(0.01)
    with pytest.raises(SoftshareError, match="study mine is of another network; give the new one"):
        run_study(network, training, validation, config, progress=False)


def test_a_student_learns_from_a_network_given_in_python(checkpoints: Path, tmp_path: Path) -> None:
    network = make_convolutional()
    network.load_state_dict(torch.load(checkpoints / "convolutional.pt"))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    train_part, validation, test = make_data()
    nameless = (train_part[0], torch.zeros(len(train_part[0]), dtype=torch.long))
    lessons = StudentConfig(
        num_epochs=20, batch_size=64, lr=5e-3, mixing=1.0, num_labelled=0, temperature=2.0
    )
    untaught = make_small()
    weights = {name: tensor.clone() for name, tensor in untaught.state_dict().items()}
    student = distil(network, untaught, nameless, validation, lessons, progress=False)
    for given, was in ((network, before), (untaught, weights)):
        assert all(torch.equal(tensor, was[name]) for name, tensor in given.state_dict().items())
    right = student(torch.as_tensor(test[0])).argmax(1) == torch.as_tensor(test[1])
    assert right.float().mean() > 0.8
    outcome = compress(
        student,
        train_part,
        validation,
        compress_config(compose(QUICK)),
        test=test,
        teacher=network,
        progress=False,
    )
    num_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert outcome.float32_bytes == 4 * num_parameters
    (tmp_path / "student.sws").write_bytes(outcome.file)
    load_into(make_small(), tmp_path / "student.sws")


def test_a_student_from_a_factory_is_compressed_by_a_study(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = words_of("convolutional", checkpoints)
    words = [
        f"storage.url=sqlite:///{tmp_path}/studies.db",
        f"runs_dir={tmp_path}",
        f"cache_dir={tmp_path}/cache",
        "study.name=students",
        "study.num_trials=1",
        "study.settings=[best_known]",
        "workers=1",
        "student.factory=digits.nets:make_small",
        "student.compressed=true",
        "student.num_epochs=12",
        "student.batch_size=64",
        "student.lr=5e-3",
        "score.max_accuracy_loss=0.9",
    ]
    assert main(["search", *own, *words, *QUICK]) == 0
    assert "student make_small: " in capsys.readouterr().out
    file = tmp_path / "students" / "best.sws"
    load_into(make_small(), file)
    # by the study's own words: the file says which of its networks it holds
    named = [*own, "student.factory=digits.nets:make_small", "output=json"]
    assert main(["evaluate", str(file), *named]) == 0
    assert json.loads(capsys.readouterr().out)["test_error"] < 0.9


def test_a_study_in_python_compresses_network_and_student(
    checkpoints: Path, tmp_path: Path
) -> None:
    network = make_convolutional()
    network.load_state_dict(torch.load(checkpoints / "convolutional.pt", weights_only=True))
    training, validation, _ = make_data()
    words = [
        f"storage.url=sqlite:///{tmp_path}/studies.db",
        f"cache_dir={tmp_path}/cache",
        "study.name=both",
        "study.settings=[]",
        "study.policy=random",
        "score.max_accuracy_loss=1",
        *QUICK,
        "retrain.num_epochs=1",
        "post_processing.fine_tuning_epochs=0",
        "student.num_epochs=2",
        "student.batch_size=64",
    ]

    def searched(num_trials: int) -> StudyResult:
        return run_study(
            network,
            training,
            validation,
            compose([*words, f"study.num_trials={num_trials}"]),
            student=make_small(),
            progress=False,
        )

    first = searched(3)
    result = searched(6)
    assert result.trials[:3] == first.trials
    assert {trial.record.student for trial in result.trials} == {None, "network_student"}
    for number, file in result.files.items():
        (tmp_path / "file.sws").write_bytes(file)
        is_student = result.trials[number].record.student is not None
        load_into(make_small() if is_student else make_convolutional(), tmp_path / "file.sws")
