"""Runs the command line as people do."""

import subprocess
import sys


def softshare(*words: str) -> str:
    """Run the command line and return what it prints; its progress goes where it always does."""
    command = [sys.executable, "-m", "search.command_line", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
