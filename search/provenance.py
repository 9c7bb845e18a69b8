"""What a study was made with: versions of the packages and commit of this project."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("softshare", "torch", "numpy", "constriction", "optuna", "sqlalchemy")


def package_versions() -> dict[str, str]:
    """Return the version of Python and of every package that a trial's result may depend on."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that is not installed
            versions[package] = "unknown"
    return versions


def git_revision() -> str | None:
    """Return the commit of the working tree this code runs from, ``-dirty`` if it was changed.

    None where it runs from an installed package, even if that lies inside some working tree.
    """
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        described = subprocess.run(
            [
                "git",
                "-C",
                str(root),
                "describe",
                "--always",
                "--dirty",
                "--abbrev=40",
                "--exclude=*",
            ],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip()
