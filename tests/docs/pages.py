"""The pages of the documentation as tests read them: blocks, code in prose, links and anchors."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md") for path in ROOT.glob(pattern)
)

_FENCE = re.compile(r"^ *```(\w*) *$")
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        page: its page, from the root of the repository.
        line: number of its first line on the page.
        language: the word behind the fence.
        text: its lines.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def name_of(page: Path) -> str:
    """A page's path from the root of the repository."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in its order."""
    return _divided(page)[0]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _divided(page)[1]


def code_in_prose(page: Path) -> list[str]:
    """The spans of code between the words of a page."""
    return [" ".join(span.split()) for span in _CODE.findall(prose(page))]


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    return _LINK.findall(_CODE.sub("code", prose(page)))


def anchors(page: Path) -> set[str]:
    """The names that a browser can jump to on a page, as the headings give them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def write_named_files(page: Path, folder: Path) -> None:
    """Write the ``yaml`` blocks of a page that open with ``# path`` to that path below a folder."""
    for block in blocks(page):
        named = re.match(r"# ([\w/]+\.yaml)\n", block.text)
        if block.language == "yaml" and named:
            (folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / named[1]).write_text(block.text, encoding="utf-8")


def _divided(page: Path) -> tuple[list[Block], str]:
    """The blocks of a page, and the rest."""
    found: list[Block] = []
    rest: list[str] = []
    inside: list[str] | None = None
    language, start = "", 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is None and fence:
            inside, language, start = [], fence[1], number + 1
        elif inside is not None and fence:
            found.append(Block(name_of(page), start, language, "\n".join(inside) + "\n"))
            inside = None
        elif inside is not None:
            inside.append(line)
        else:
            rest.append(line)
    assert inside is None, f"{name_of(page)}:{start} has no closing fence"
    return found, "\n".join(rest)
