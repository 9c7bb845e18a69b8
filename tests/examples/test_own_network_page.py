"""Every command and every program of the page on own networks runs, in the page's order."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch

from digits.train import train
from search.command_line import main
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "own_network.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SHORTER = {
    "search": [
        *("study.num_trials=1", "workers=1", "study.settings=[best_known]"),
        *("retrain.tau=2e-3", "retrain.batch_size=64", "post_processing.rate_weight=1e-3"),
        "retrain.stop_hopeless=false",
    ],
    "compress": [
        *("retrain.num_epochs=4", "retrain.stop_hopeless=false"),
        "post_processing.fine_tuning_epochs=1",
    ],
}
"""What a test need not wait for; what is said otherwise is as on the page."""


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the example and its checkpoint, to work in."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOFTSHARE_CACHE", str(tmp_path / "cache"))
    network, error = train("convolutional", num_epochs=15)
    assert error < 0.1
    torch.save(network.state_dict(), "net.pt")
    return tmp_path


def test_the_page_does_what_it_says(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs: dict[str, object] = {}
    kinds = set()
    for kind, text in BLOCKS:
        kinds.add(kind)
        if kind == "yaml":
            path = workplace / text.partition("\n")[0].removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif kind == "python":
            exec(compile(_shorter(text), "own_network.md", "exec"), programs)
        else:
            for line in text.splitlines():
                program, verb, *words = shlex.split(line)
                assert program == "softshare"
                assert main([verb, *words, *SHORTER.get(verb, [])]) == 0, capsys.readouterr().err
    assert kinds == {"sh", "yaml", "python"}
    for name in ("digits.sws", "one.sws"):
        assert 0 < (workplace / name).stat().st_size < 20_000
    report = workplace / "runs" / "digits" / "report.html"
    assert "make_convolutional" in report.read_text(encoding="utf-8")


def _shorter(program: str) -> str:
    words = ("study.num_trials=1", "study.settings=[best_known]", "retrain.num_epochs=4")
    program = program.replace('"study.num_trials=12"', ", ".join(map(repr, words)))
    return program.replace("batch_size=64", "batch_size=64, num_epochs=4, stop_hopeless=False")
