"""Runs the command line as ``python -m search.command_line``, as local workers are started."""

import sys

from search.command_line.entry import main

if __name__ == "__main__":
    sys.exit(main())
