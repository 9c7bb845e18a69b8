"""The quickstart study from an empty folder: its Pareto front, its best file and its time.

MNIST and the reference network are taken from the cache where they are there. The picture of the
report is taken where Chromium is installed.
"""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.command_line import softshare
from benchmarks.record import RESULTS, write_result
from dashboards.browser import browser_command

OPTIONS = [
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
    "--window-size=1140,1436",
]


def picture(report: Path, target: Path) -> None:
    """Take a picture of the top of the report, if there is a browser to take it with."""
    browser = browser_command()
    if not browser:
        print(f"no Chromium: {target.name} stays as it was")
        return
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *browser,
                *OPTIONS,
                f"--user-data-dir={profile}",
                f"--screenshot={target}",
                report.as_uri(),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )


def main() -> None:
    folder = RESULTS / "quickstart"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as runs:
        start = time.perf_counter()
        print(softshare("search", "experiment=quickstart", f"runs_dir={runs}"))
        seconds = time.perf_counter() - start
        pareto = json.loads(softshare("pareto", f"runs_dir={runs}", "output=json"))
        shutil.copy(Path(runs, "quickstart", "best.sws"), folder / "best.sws")
        picture(Path(runs, "quickstart", "report.html"), folder / "front.png")
    path = write_result(
        "quickstart", [0], {"seconds": round(seconds), "workers": 2, "pareto": pareto}
    )
    print(f"{seconds:.0f} s; written to {path} and {folder}")


if __name__ == "__main__":
    main()
