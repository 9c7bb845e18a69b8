"""Writes a benchmark's result with everything that is needed to judge and to repeat it."""

import json
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results"
PACKAGES = ("torch", "numpy", "numba", "constriction", "optuna", "sqlalchemy", "plotly")


def write_result(
    name: str, seeds: list[int], measured: dict[str, Any], module: str | None = None
) -> Path:
    """Write ``results/<name>.json`` and return its path.

    Args:
        name: the benchmark's module name, or the place of one of its results.
        module: the benchmark's module name where that is another.
        seeds: the seeds the run depends on.
        measured: what was measured; units stand in the keys.
    """
    document = {
        "command": " ".join(["python -m", f"benchmarks.{module or name}", *sys.argv[1:]]),
        "seeds": seeds,
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "hardware": {"processor": processor(), "machine": platform.machine()},
        "measured": measured,
    }
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def processor() -> str:
    """Name the processor and its features that matter here, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    lines = dict(
        line.split("\t: ", 1) for line in cpuinfo.read_text().splitlines() if "\t: " in line
    )
    lines = {key.strip(): value for key, value in lines.items()}
    features = set(lines.get("flags", "").split()) & {"avx2", "avx512f", "amx_tile"}
    return f"{lines.get('model name', 'unknown')} ({', '.join(sorted(features))})"
