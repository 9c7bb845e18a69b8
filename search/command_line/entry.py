"""The entry point: finds the verb, runs it, and turns every error into a line and an exit code."""

import difflib
import os
import signal
import sys
from collections.abc import Sequence

from core.errors import ConfigError, SoftshareError
from search.command_line.help import overview, verb_help
from search.command_line.parsing import parse
from search.command_line.verbs import VERBS, Verb

USER_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(words: Sequence[str] | None = None) -> int:
    """Run ``softshare`` with the words of a command line and return its exit code.

    A ``SoftshareError`` prints one line and gives 2. Any other exception is a defect of ours and
    keeps its stack trace.

    Args:
        words: the command line without the program's name; this process's own by default.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign gets a question mark, not a stack trace.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # text streams, both
    try:
        code = _run(list(sys.argv[1:] if words is None else words))
        sys.stdout.flush()
    except SoftshareError as error:
        sys.stderr.write(f"softshare: {' '.join(str(error).split())}\n")
        return USER_ERROR
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"softshare: {interrupt or 'interrupted'}\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has gone, as `head` does; die of it as other programs do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return code


def _run(words: list[str]) -> int:
    asks_help = [word for word in words if word in ("--help", "-h", "help")]
    if not words or (words[0] in asks_help and len(words) == 1):
        sys.stdout.write(f"{overview()}\n")
        if not words:
            raise ConfigError("a verb is missing; `softshare search` runs the quickstart study")
        return 0
    if words[0] == "help":
        words = [*words[1:], "--help"]
    verb = _verb(words[0])
    if "--help" in words or "-h" in words:
        sys.stdout.write(f"{verb_help(verb)}\n")
        return 0
    verb.run(parse(verb, words[1:]))
    return 0


def _verb(word: str) -> Verb:
    if word in VERBS:
        return VERBS[word]
    near = difflib.get_close_matches(word, VERBS, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    raise ConfigError(f"unknown verb {word}; {guess}the verbs are {', '.join(VERBS)}")
