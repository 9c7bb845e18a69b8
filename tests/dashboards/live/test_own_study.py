"""A study of somebody's own network is shown from what is stored: none of its code is looked up."""

import sys
from pathlib import Path

import pytest
import torch
from playwright.sync_api import expect

from search.command_line import main
from search.reproduction import CHECKPOINT, reproducing_command
from search.storage import StorageConfig, open_storage
from search.study import OpenStudy, open_study
from tests.core.test_own_networks import compressed, reference_of, trained
from tests.dashboards.live.conftest import Open, Serve
from tests.own_networks import NETWORKS
from tests.search.studies import run_one, small_config

OWN = {
    "model.factory": "nowhere_to_be_found.nets:make_net",
    "model.kept": ["*.norm.weight", "it's"],
    "data.factory": "nowhere_to_be_found.data:make_data",
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with a study of a recurrent network, whose factory does not exist here."""
    address = f"sqlite:///{tmp_path}/studies.db"
    storage = open_storage(StorageConfig(url=address))
    study: OpenStudy = open_study(storage, small_config(OWN), reference_of(recurrent()))
    run_one(study, lambda _config, _watch: compressed(reference_of(recurrent())))
    storage.close()
    return address


def recurrent() -> torch.nn.Module:
    torch.manual_seed(0)
    return trained(NETWORKS["gru"]())


def test_the_page_shows_it_and_runs_nothing_of_it(url: str, visit: Open, serve: Serve) -> None:
    address = serve(url)
    page = visit(f"{address}/study/study")
    expect(page.locator("main")).to_contain_text("make_net")
    page = visit(f"{address}/study/study/trial/0")
    command = page.locator("main").get_by_text("softshare compress")
    expect(command).to_contain_text("nowhere_to_be_found.nets:make_net")
    expect(command).to_contain_text(f"model.checkpoint={CHECKPOINT}")
    expect(page.locator("main")).to_contain_text("code.allowed allows where you trust it")
    assert "nowhere_to_be_found" not in sys.modules


def test_the_report_and_the_verbs_show_it(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = [f"storage.url={url}", "study.name=study", "score.max_accuracy_loss=1"]
    assert main(["report", *study, f"to={tmp_path / 'report'}"]) == 0
    assert "make_net" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    for verb in ("status", "pareto", "best"):
        assert main([verb, *study]) == 0
    assert main(["export", *study, "trial=best", f"to={tmp_path / 'best.sws'}"]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "best.sws")]) == 2
    assert "the file holds the network mine" in capsys.readouterr().err


def test_what_was_given_in_python_has_no_command() -> None:
    stored = {"model": {"factory": "(given in Python)", "name": "net"}, "data": {}, "reference": {}}
    assert reproducing_command(stored, {"retrain": {"tau": 0.1}}, "a.sws") is None
