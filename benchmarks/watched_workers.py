"""Four workers at trials of a second, with the live page open and without in turn.

They wait rather than compute, as if each had a machine of its own: what is compared is the service.
The opening of the page is a part of what they are watched for, and the browser computes on the same
cores.
"""

import contextlib
import statistics
import threading
import time
from typing import Any

from playwright.sync_api import Browser

from benchmarks.measured_page import PROCESSES, served_page
from benchmarks.simulated_trials import NUM_WORKERS, waiting_compress
from search.configuration import compose
from search.serving import DashboardConfig
from search.storage import Storage, StorageConfig, open_storage
from search.study import join_study, open_study
from search.worker import Worker
from tests.data_sets import small_reference

TRIALS_A_WORKER = 24


def work(url: str, name: str, barrier: Any, report: Any) -> None:
    """Work on a study until it is done and report when that was."""
    storage = open_storage(StorageConfig(url=url), create=False)
    study = join_study(storage, name, compose())
    barrier.wait()
    Worker(study, waiting_compress, threading.Event()).run()
    report.put(time.monotonic())
    storage.close()


def worked(url: str, name: str) -> float:
    """Let four workers run a study and return the trials a second."""
    num_trials = NUM_WORKERS * TRIALS_A_WORKER
    report: Any = PROCESSES.Queue()
    barrier = PROCESSES.Barrier(NUM_WORKERS + 1)
    arguments = (url, name, barrier, report)
    processes = [PROCESSES.Process(target=work, args=arguments) for _ in range(NUM_WORKERS)]
    for process in processes:
        process.start()
    barrier.wait()
    start = time.monotonic()
    ends: list[float] = [report.get() for _ in processes]
    for process in processes:
        process.join()
    return num_trials / (max(ends) - start)


def slowdown(storage: Storage, url: str, browser: Browser, rounds: int) -> dict[str, Any]:
    """Compare workers that are watched with workers that are not, in turn."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    cpu = []
    for number in range(2 * rounds):
        is_watched = number % 4 in (1, 2)  # neither always goes first
        name = f"work-{number}"
        num_trials = NUM_WORKERS * TRIALS_A_WORKER
        words = [f"study.name={name}", "study.settings=[]", f"study.num_trials={num_trials}"]
        open_study(storage, compose(words), small_reference())
        with contextlib.ExitStack() as open_things:
            if is_watched:
                page = open_things.enter_context(served_page(url, DashboardConfig(port=0)))
                window = browser.new_page()
                open_things.callback(window.close)
                window.goto(f"{page.address}/study/{name}")
                window.wait_for_selector("main h1")
                before = page.cpu_seconds
            rates[is_watched].append(worked(url, name))
            if is_watched:
                cpu.append(page.cpu_seconds - before)
    pairs = [1 - there / alone for alone, there in zip(rates[False], rates[True], strict=True)]
    return {
        "workers": NUM_WORKERS,
        "trials": NUM_WORKERS * TRIALS_A_WORKER,
        "trials_a_second_alone": [round(rate, 3) for rate in rates[False]],
        "trials_a_second_watched": [round(rate, 3) for rate in rates[True]],
        "slowdown_percent_median": round(100 * statistics.median(pairs), 2),
        "server_cpu_seconds": [round(seconds, 1) for seconds in cpu],
    }
