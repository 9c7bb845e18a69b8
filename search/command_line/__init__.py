"""The command line: ``softshare VERB [FILE] [key=value ...]``."""

from search.command_line.entry import main

__all__ = ["main"]
