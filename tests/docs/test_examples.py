"""What pages show is what happens: their ``console`` and ``python`` blocks are run, in order.

Each page has a folder of its own, with the quickstart study as it is on record and its best file.
Printed lines must be those of the page; ``…`` stands for whatever else is printed.
"""

import ast
import contextlib
import doctest
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.command_line import main
from tests.docs.pages import PAGES, ROOT, Block, blocks, name_of
from tests.docs.recorded import BEST_FILE, write_recorded_study

WITH_EXAMPLES = [
    page for page in PAGES if {block.language for block in blocks(page)} & {"console", "python"}
]

SKETCHES = {"README.md", "docs/own_network.md"}
"""Pages whose Python takes a network and data of the reader's: it is compiled and what it imports
is imported. ``tests/examples`` runs what it says."""


@pytest.fixture(scope="session")
def recorded_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the recorded study; nothing writes into it."""
    folder = tmp_path_factory.mktemp("recorded")
    write_recorded_study(folder)
    return folder


@pytest.fixture
def scratch(recorded_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a page's examples run in."""
    folder = tmp_path / "scratch"
    shutil.copytree(recorded_study, folder)
    shutil.copy(BEST_FILE, folder / "best.sws")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(ROOT / "examples")
    monkeypatch.setenv("COLUMNS", "160")
    return folder


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_a_page_shows_what_happens(page: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "console":
            for command, expected in sessions(block):
                printed = run(command)
                assert pattern(expected).fullmatch(printed), f"{block}: {command}\n{printed}"
        elif block.language == "python" and name_of(page) in SKETCHES:
            run_imports(block)
        elif block.language == "python":
            run_python(block, names)


def sessions(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a block, each with the lines that are shown below it."""
    shown = block.text.replace("\\\n", " ")
    for part in re.split(r"^\$ ", shown, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def run(command: str) -> str:
    """What a command of ours prints, on both streams."""
    program, *words = shlex.split(command, comments=True)
    if program == "make":
        (target,) = words
        recipe = re.search(
            rf"^{target}:.*\n\t\$\(BIN\)/softshare (.*) \$\(ARGS\)$",
            (ROOT / "Makefile").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        assert recipe is not None, f"make {target} is no command that can be run here"
        words = shlex.split(recipe[1])
    else:
        assert program == "softshare", f"{program} is no command that can be run here"
    printed = io.StringIO()
    with contextlib.redirect_stdout(Stream(printed)), contextlib.redirect_stderr(Stream(printed)):
        main(words)
    return plain(printed.getvalue())


class Stream(io.TextIOBase):
    """A stream of a process, gathered; the command line sets what a terminal cannot show."""

    def __init__(self, target: io.StringIO) -> None:
        self._target = target

    def write(self, text: str) -> int:
        return self._target.write(text)

    def reconfigure(self, **_: object) -> None:
        """Any sign can be gathered."""


def plain(text: str) -> str:
    """The lines of a text without spaces at their ends."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def pattern(expected: str) -> re.Pattern[str]:
    """What printed lines must match."""
    whole = re.escape(plain(expected)).replace("…\\\n", "(?:.*\\n)*").replace("…", ".*")
    return re.compile(whole)


def run_imports(block: Block) -> None:
    """Compile a block and run nothing of it but what it imports."""
    tree = ast.parse(block.text, str(block))
    tree.body = [line for line in tree.body if isinstance(line, ast.Import | ast.ImportFrom)]
    exec(compile(tree, str(block), "exec"), {})


def run_python(block: Block, names: dict[str, Any]) -> None:
    """Run a block, one with prompts together with what they answer."""
    if not block.text.startswith(">>> "):
        exec(compile(block.text, str(block), "exec"), names)
        return
    parsed = doctest.DocTestParser().get_doctest(block.text, names, str(block), str(block), 0)
    said = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(parsed, out=said.write, clear_globs=False).failed == 0, said.getvalue()
    names.update(parsed.globs)
