"""The keys of the launchers: what is refused in one line, and before anything is started."""

from pathlib import Path

import pytest

from core.errors import ConfigError
from search.command_line import main
from search.configuration import LOCAL, compose, from_stored, to_stored
from search.launching.config import LauncherKind


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (
            ["launcher.partition=short"],
            "launcher.partition must be left as it is with launcher=local, which does not read it, "
            "but got short; choose launcher=slurm, or leave the key out",
        ),
        (
            ["launcher=ray", "launcher.minutes=10"],
            "launcher.minutes must be left as it is with launcher=ray, which does not read it, "
            "but got 10; choose launcher=slurm, or leave the key out",
        ),
        (
            ["launcher.gpus=0.5"],
            "launcher.gpus must be left as it is with launcher=local, which does not read it, "
            "but got 0.5; choose launcher=ray or launcher=slurm, or leave the key out",
        ),
        (
            ["launcher=slurm", "launcher.gpus=0.5"],
            "launcher.gpus must be a whole number with launcher=slurm, but got 0.5; Slurm does not "
            "divide them",
        ),
        (["launcher=ray", "launcher.cpus=0"], "launcher.cpus must be > 0, but got 0.0"),
        (["launcher=slurm", "launcher.minutes=1"], "launcher.minutes must be >= 5, but got 1"),
        (["launcher=moon"], "launcher must be one of local, ray, slurm, but got moon"),
    ],
)
def test_a_key_that_would_do_nothing_or_cannot_be_met_is_refused(
    words: list[str], refused: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        compose(words)
    assert str(raised.value) == refused


def test_a_launcher_is_of_one_process_and_not_of_the_study() -> None:
    assert "launcher" in LOCAL
    study = to_stored(compose(["launcher=ray", "launcher.gpus=0.25"]))
    local = compose(["launcher=slurm", "launcher.additional={qos: high}"])
    joined = from_stored(study, local).launcher
    assert joined.kind is LauncherKind.slurm
    assert joined.additional == {"qos": "high"}


@pytest.mark.parametrize("kind", ["ray", "slurm"])
def test_workers_of_several_machines_need_a_server(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", f"launcher={kind}", f"runs_dir={tmp_path}/runs"]) == 2
    assert capsys.readouterr().err == (
        f"softshare: storage.url must be a PostgreSQL address with launcher={kind}, whose workers "
        "run on several machines, but got a SQLite file; set PGHOST and choose "
        "storage=postgresql\n"
    )
    assert list(tmp_path.iterdir()) == []
