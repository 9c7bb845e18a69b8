"""A worker on a machine that has nothing but the address of a database and the name of a study."""

import os
from pathlib import Path

from core.codec import decode
from search.artifacts import Artifacts, load_artifact
from search.configuration import compose
from search.reading import read_study
from search.storage import open_storage
from search.study import open_study
from tests.data_sets import mnist, mnist_reference, shared_cache
from tests.postgres import PASSWORD
from tests.search.command_line.test_processes import run


def test_a_worker_needs_only_the_database_and_the_study(tmp_path: Path, postgres_url: str) -> None:
    config = compose(
        [
            f"storage.url={postgres_url}",
            f"storage.artifacts={(tmp_path / 'artifacts').as_uri()}",
            "study.name=night",
            "study.num_trials=1",
            "study.settings=[]",
            "retrain.num_epochs=1",
            "retrain.stop_hopeless=false",
            "post_processing.fine_tuning_epochs=0",
        ]
    )
    storage = open_storage(config.storage)
    open_study(storage, config, mnist_reference(), data_fingerprint=mnist().fingerprint)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    environment = {"PATH": os.defpath, "SOFTSHARE_CACHE": str(shared_cache())}  # of MNIST
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    words = ("worker", f"storage.url={postgres_url}", "study.name=night")
    done = run(*words, folder=folder, environment=environment)
    assert done.stderr == ""
    assert done.stdout == "finished 1 trial of study night\n"
    assert done.returncode == 0
    assert PASSWORD not in done.stdout + done.stderr
    (trial,) = read_study(storage, "night").trials
    assert trial.artifact_id is not None
    file = load_artifact(Artifacts(storage), trial.artifact_id)
    assert decode(file).network_name == "lenet_300_100"
    assert (tmp_path / "artifacts" / trial.artifact_id).read_bytes() == file
    assert list(folder.iterdir()) == []
    storage.close()
