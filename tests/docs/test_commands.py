"""What pages tell people to type can be typed: every command parses, every key is one of ours.

Blocks called ``sh`` are read here and not run; those called ``console`` and ``python`` are run by
``test_examples``.
"""

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from search.command_line.compress import compress_overrides
from search.command_line.parsing import parse
from search.command_line.verbs import VERBS
from search.composition import compose_tree, groups
from search.configuration import SoftshareConfig, check_key
from search.conversion import build
from tests.docs.pages import (
    PAGES,
    ROOT,
    Block,
    blocks,
    code_in_prose,
    name_of,
    write_named_files,
)

LANGUAGES = {"sh", "console", "python", "yaml", "text", "math"}
OTHERS = {
    *("do", "docker", "done", "echo", "export", "for", "openssl", "pip", "ray", "source", "umask"),
}
"""Commands of others, of which nothing but the shell's grammar is checked."""

BLOCKS = [block for page in PAGES for block in blocks(page)]
KEY = re.compile(r"~?(?:space\.)?(\w+)\.[\w.]+(?:=.*)?")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= LANGUAGES


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "sh"], ids=str)
def test_every_command_can_be_typed(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_named_files(ROOT / block.page, tmp_path)
    monkeypatch.chdir(tmp_path)
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
    for words in commands(block.text):
        check(words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_key_in_the_prose_is_one_of_ours(page: Path) -> None:
    for span in code_in_prose(page):
        if re.search(r"[…[|]|\b[A-Z]{3,}\b|\.json$", span):
            continue  # a pattern with places to fill in, or a file
        verb = re.match(r"softshare (\w+) ", span)  # with words behind it
        key = KEY.fullmatch(span)
        if verb and verb[1] in VERBS:
            check(shlex.split(span))
        elif key and key[1] in groups():
            check_key(span.strip("~").removeprefix("space.").partition("=")[0])


def commands(text: str) -> Iterator[list[str]]:
    """The simple commands of a block, without what is assigned before or redirected behind them."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(re.sub(r" [<>]+ *\S+", "", line), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("();|&"):
                if words:
                    yield words
                words = []
            elif words or not re.match(r"\w+=", word):
                words.append(word)


def check(words: list[str]) -> None:
    """Check a command of ours by parsing its words and composing its configuration."""
    start = words.index("--") + 1 if "--" in words else 0
    program, *rest = words[start:]
    if program == "srun":
        program, *rest = rest
    if program.rpartition("/")[2] == "softshare":
        if "--help" not in rest:
            check_verb(tuple(rest))
    elif program.rpartition("/")[2] == "python":
        assert rest[0] == "-m"
        assert rest[1] in ("pytest", "venv") or importlib.util.find_spec(rest[1]), rest
    elif program == "make":
        targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        assert {word for word in rest if "=" not in word} <= targets
    else:
        assert program in OTHERS, (
            f"{program} is no command of ours; add it to OTHERS if it is right"
        )


@cache
def check_verb(words: tuple[str, ...]) -> None:
    """Check the words behind ``softshare``, each command once.

    The space is not tried at its ends: the tests of ``conf`` do so for every file.
    """
    verb, *rest = words
    request = parse(VERBS[verb], rest)
    build(SoftshareConfig, compose_tree("config", compress_overrides(request), check_key))
