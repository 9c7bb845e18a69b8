"""The browser of the system, which draws without a screen what only a browser can draw."""

import os
import shutil

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_command() -> list[str]:
    """Return the command that runs Chromium or Chrome, empty where neither is on the path."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        return []
    # A browser started by root, as in a container, refuses to run in its sandbox.
    return [path, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
