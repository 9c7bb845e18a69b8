"""The image: what goes into it is here and suffices, and nobody in it is root."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from shutil import copyfile

import pytest

from tests.compose.reading import (
    DOCKERFILE,
    ROOT,
    copied_sources,
    instructions,
    last_args,
    last_stage,
    left_out_of_the_build,
)


def tracked(*paths: str) -> list[str]:
    """The files under some paths that git has, or would have once they are added."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *paths]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_linter_finds_nothing() -> None:
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("source", copied_sources())
def test_all_of_what_is_copied_is_here_and_reaches_the_build(source: str) -> None:
    files = tracked(source)
    assert files
    ignored = left_out_of_the_build()
    assert [file for file in files if ignored.matches(file)] == []


def test_nothing_else_reaches_the_build() -> None:
    ignored = left_out_of_the_build()
    roots = {path.split("/")[0] for path in tracked() if not ignored.matches(path)}
    assert roots == set(copied_sources())
    for path in (".env", ".git/config", ".venv/bin/python", "runs/softshare.db", "data/images"):
        assert ignored.matches(path)
    assert ignored.matches("core/codec/__pycache__/files.pyc")


def test_the_user_is_not_root_and_owns_what_volumes_are_mounted_on() -> None:
    user, group = last_args("USER")[0].split(":")
    assert int(user) > 0
    assert int(group) > 0
    (making,) = [i.original for i in last_stage() if "useradd" in i.original]
    assert f"--uid {user} " in making
    owned = making.partition("install --directory --owner=softshare")[2].split()
    assert {"/var/lib/softshare/cache", "/var/lib/softshare/runs"} <= set(owned)


def test_signals_reach_the_program_and_not_a_shell() -> None:
    (entry,) = [i for i in last_stage() if i.name == "ENTRYPOINT"]
    assert entry.json
    assert entry.args == ["softshare"]


def test_it_holds_no_secrets_and_names_no_host() -> None:
    named = [i for i in instructions() if i.name in ("ARG", "ENV", "LABEL")]
    for instruction in named:
        assert not re.search(r"PASSWORD|TOKEN|SECRET|CREDENTIAL", instruction.original, re.I)
    assert "://" not in DOCKERFILE.read_text()
    # A value would be kept in the history of the image.
    assert not any("=" in arg for i in named if i.name == "ARG" for arg in i.args)


def test_what_is_installed_is_pinned_and_stays_while_only_sources_change() -> None:
    installing = [i for i in instructions() if i.name == "RUN" and "pip install" in i.original]
    (requirements, package) = installing
    commands = re.findall(r"pip install [^&]*", requirements.original)
    for command in commands:
        (constraints,) = re.findall(r"--constraint (\S+)", command)
        assert constraints in copied_sources()
    assert "--no-deps" in package.original
    before = [
        source
        for i in instructions()
        if i.name == "COPY" and i.start_line < requirements.start_line
        for source in i.args[:-1]
    ]
    assert before == ["pyproject.toml", "constraints.txt"]


def test_the_package_is_whole_when_built_from_what_is_copied(tmp_path: Path) -> None:
    ignored = left_out_of_the_build()
    context = [path for path in tracked(*copied_sources()) if not ignored.matches(path)]
    for path in context:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        copyfile(ROOT / path, tmp_path / path)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "wheels"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        packed = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted(packed) == sorted(path for path in context if "/" in path)
