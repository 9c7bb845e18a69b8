import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.codec import write_file
from core.errors import SoftshareError


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.sws"
    write_file(target, b"one")
    write_file(str(target), b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.sws"]


def test_a_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    write_file(tmp_path / "a.sws", b"")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a.sws").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("name", ["missing/a.sws", "file/a.sws", "folder", "nul\0.sws"])
def test_a_target_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(SoftshareError, match=r"cannot write .*; choose another path"):
        write_file(tmp_path / name, b"data")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_writer_killed_before_the_end_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.sws"
    write_file(target, b"old")
    program = (
        "import os, signal, sys; from core.codec import write_file; "
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL); "
        "write_file(sys.argv[1], b'new')"
    )
    done = subprocess.run([sys.executable, "-c", program, os.fspath(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    left = [path.name for path in tmp_path.iterdir() if path != target]
    assert len(left) == 1 and left[0].startswith(".a.sws.") and left[0].endswith(".partial")
