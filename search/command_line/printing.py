"""How verbs print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table

PIPE_WIDTH = 160
"""Columns of a table that goes into a file or a pipe, whose reader has no window to fill."""


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: names come from users and from databases."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def print_json(value: Any) -> None:
    """Print one JSON document; numbers must be finite."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], num_text_columns: int = 0
) -> None:
    """Print a table; all columns but the first ``num_text_columns`` are numbers, set right.

    In a narrow window cells are folded; nothing is left out.
    """
    console = make_console()
    console.print(title, style="bold")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for index, column in enumerate(columns):
        justify: Literal["left", "right"] = "left" if index < num_text_columns else "right"
        table.add_column(column, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_lines(*lines: str, flush: bool = False) -> None:
    """Print lines as they are, at once even into a pipe where ``flush`` asks for it."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if flush:
        sys.stdout.flush()
