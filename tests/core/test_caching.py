import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.caching import locked, write_atomically
from core.errors import DataError

HOLD = """
import sys, time
from pathlib import Path
from core.caching import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""

WRITE_FOR_EVER = """
import sys
from pathlib import Path
from core.caching import write_atomically
print("writing", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_atomically(Path(sys.argv[1]), letter * 1_000_000)
"""


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with subprocess.Popen(
        (sys.executable, "-c", WRITE_FOR_EVER, path), stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        while not path.exists():
            pass
        for _ in range(200):  # a reader beside the writer sees whole files only, too
            content = path.read_bytes()
            assert content in (b"a" * 1_000_000, b"b" * 1_000_000)
        writer.send_signal(signal.SIGKILL)
    content = path.read_bytes()
    assert content in (b"a" * 1_000_000, b"b" * 1_000_000)


def test_what_cannot_be_written_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "inside"
    rule = f"{path} cannot be written: .*; make it writable or choose another folder"
    with pytest.raises(DataError, match=rule):
        write_atomically(path, b"content")
    with pytest.raises(DataError, match=rule), locked(path):
        pass


def test_a_file_gets_the_rights_of_the_users_umask(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = os.umask(0o022)
    try:
        write_atomically(path, b"content")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_lock_is_freed_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with subprocess.Popen(
        (sys.executable, "-c", HOLD, path), stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
    with locked(path):
        assert path.exists()
