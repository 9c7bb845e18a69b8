"""The command line as a user's shell runs it: exit codes, and what goes to which stream."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

MODULE = (sys.executable, "-m", "search.command_line")
ROOT = Path(__file__).parents[3]


def run(
    *words: str,
    command: tuple[str, ...] = MODULE,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a folder."""
    return subprocess.run(
        [*command, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=300,
    )


def test_the_installed_script_and_packages_are_this_projects(tmp_path: Path) -> None:
    script = shutil.which("softshare", path=str(Path(sys.executable).parent))
    assert script is not None
    done = run("--help", command=(script,), folder=tmp_path)
    assert done.returncode == 0
    assert "usage: softshare VERB" in done.stdout
    names = ("conf", "core", "search", "dashboards")
    code = "".join(f"import {name}; print(*{name}.__path__)\n" for name in names)
    found = run("-c", code, command=(sys.executable,), folder=tmp_path)
    assert found.stdout.split("\n")[:-1] == [str(ROOT / name) for name in names]


def test_a_users_mistake_ends_with_exit_code_2() -> None:
    done = run("pareto", "retrain.tau=0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("softshare: pareto does not read retrain.tau; its keys are ")
    assert done.stderr.count("\n") == 1


def test_a_defect_keeps_its_stack_trace(tmp_path: Path) -> None:
    # A verb whose code breaks stands for a defect of ours.
    script = tmp_path / "broken.py"
    script.write_text(
        "import sys\n"
        "from search.command_line import main, results\n"
        "def status(request):\n"
        "    raise AttributeError('a defect')\n"
        "results.status = status\n"
        "sys.exit(main(['status']))\n"
    )
    done = run(str(script), command=(sys.executable,))
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "AttributeError: a defect" in done.stderr


def test_a_reader_that_goes_away_is_no_defect() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run(
            [*MODULE, "search", "--help"],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == ""
    assert done.returncode == 141


def test_output_survives_a_terminal_without_unicode() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = run("search", "--help", environment=environment)
    assert done.returncode == 0
    assert "paper ?4.1" in done.stdout
