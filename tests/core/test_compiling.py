"""A compiled loop never goes on with what another file of its room held before."""

import os
import subprocess
import sys
from pathlib import Path

LOOP = """
from core.compiling import compiled
from house.room.constants import STEP


@compiled()
def stepped(number):
    return number + STEP
"""


def run(folder: Path) -> int:
    """Call the loop in a process of its own."""
    call = "from house.room.loop import stepped; print(stepped(1))"
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", call],
        env=os.environ | {"PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def test_a_constant_of_another_file_that_changes_changes_the_loop(tmp_path):
    room = tmp_path / "house" / "room"
    room.mkdir(parents=True)
    for package in (room.parent, room):
        (package / "__init__.py").touch()
    (room / "loop.py").write_text(LOOP)
    (room / "constants.py").write_text("STEP = 1\n")
    assert run(tmp_path) == 2
    assert len(list(room.rglob("*.nbc"))) == 1
    assert run(tmp_path) == 2
    assert len(list(room.rglob("*.nbc"))) == 1  # taken from the cache
    (room / "constants.py").write_text("STEP = 10\n")
    assert run(tmp_path) == 11
