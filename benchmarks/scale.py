"""What the service costs beside plain Optuna: many workers at once, and many trials in one study.

``python -m benchmarks.scale [WORKERS [TRIALS]]``, by default 64 and 10,000; needs the development
packages. One PostgreSQL, one run; trials are instant, so that all that is measured is the service.
Ours are whole workers (slots, leases, records, files, learning curves), plain Optuna's a loop of
ask and tell with the same search space and the same proposals, then with its default sampler.

- many workers: trials a second, the 95th percentiles of claim, ask, suggest and tell, connections
  a worker;
- many trials: the same with one worker in a study that has so many finished trials, and what is
  not the compression as a share of a trial of a minute.
"""

import multiprocessing
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.engine import URL

import search.trial
import search.worker
from benchmarks.record import write_result
from benchmarks.simulated_trials import finished_trials, instant_compress, objectives_of
from search.configuration import compose
from search.sampling import derive_seed, make_sampler
from search.scoring import ACCURACY_CONSTRAINT
from search.space import SearchSpace
from search.storage import StorageConfig, open_storage
from search.study import join_study, open_study
from tests.data_sets import small_reference
from tests.postgres import PostgresServer, running_server

MINUTE = 60.0
TRIALS_A_WORKER = 10
TRIALS_LATE = 40  # measured in the study of many trials
CONNECTIONS = 400

_PROCESSES = multiprocessing.get_context("forkserver")

Times = dict[str, list[float]]


def timed(function: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
    """Return a function that also notes how long it takes."""

    def call(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            times.append(time.perf_counter() - start)

    return call


def ours(url: str, name: str, _sampler: str, barrier: Barrier, report: Any) -> None:
    """Work on a study of ours until it is done."""
    times: Times = {"claim": [], "ask": [], "suggest": [], "tell": []}
    storage = open_storage(StorageConfig(url=url), create=False)
    study = join_study(storage, name, compose())
    for owner, name_there, part in (
        (search.worker, "claim", "claim"),
        (study.optuna_study, "ask", "ask"),
        (search.trial._Attempt, "_begin", "suggest"),
        (search.trial, "deliver", "tell"),
    ):
        setattr(owner, name_there, timed(getattr(owner, name_there), times[part]))
    barrier.wait()
    search.worker.Worker(study, instant_compress, threading.Event()).run()
    report.put(times)
    storage.close()


def plain(url: str, name: str, sampler: str, barrier: Barrier, report: Any) -> None:
    """Ask and tell as with plain Optuna, a share of the trials."""
    times: Times = {"ask": [], "suggest": [], "tell": []}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    config = compose()
    space = SearchSpace(config.space)
    study = optuna.load_study(study_name=name, storage=optuna.storages.RDBStorage(url))
    ask, tell = timed(study.ask, times["ask"]), timed(study.tell, times["tell"])
    suggest = timed(space.suggest, times["suggest"])
    num_trials = int(sampler.partition(":")[2])
    barrier.wait()
    for number in range(num_trials):
        if sampler.startswith("same"):
            seed = derive_seed(0, name, number, multiprocessing.current_process().pid or 0)
            study.sampler = make_sampler(seed, config.score.max_accuracy_loss)
        trial = ask()
        loss, rate = objectives_of(suggest(trial))
        trial.set_constraint(ACCURACY_CONSTRAINT, loss - config.score.max_accuracy_loss)
        tell(trial, [loss, rate])
    report.put(times)


@contextmanager
def counting_connections(url: str) -> Iterator[list[int]]:
    """Note how many clients the database has, now and then, without this one."""
    counts: list[int] = []
    over = threading.Event()
    engine = create_engine(url, poolclass=NullPool)
    query = (  # the server has processes of its own there, such as autovacuum's
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND backend_type = 'client backend'"
    )

    def count() -> None:
        with engine.connect() as connection:
            while not over.wait(0.2):
                counts.append(int(connection.execute(text(query)).scalar_one()) - 1)
                connection.rollback()

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()
        engine.dispose()


def measure(
    worker: Callable[..., None],
    url: str,
    name: str,
    sampler: str,
    num_workers: int,
    num_trials: int,
) -> dict[str, Any]:
    """Let workers work and return their rate, their latencies in ms and their connections."""
    report: Any = _PROCESSES.Queue()
    barrier = _PROCESSES.Barrier(num_workers + 1)
    arguments = (url, name, sampler, barrier, report)
    processes = [_PROCESSES.Process(target=worker, args=arguments) for _ in range(num_workers)]
    with counting_connections(url) as counts:
        for process in processes:
            process.start()
        barrier.wait()
        start = time.perf_counter()
        parts: list[Times] = [report.get() for _ in processes]
        seconds = time.perf_counter() - start
        for process in processes:
            process.join()
    measured: dict[str, Any] = {
        "trials": num_trials,
        "seconds": round(seconds, 2),
        "trials_a_second": round(num_trials / seconds, 2),
        "connections_a_worker": round(max(counts) / num_workers, 2),
    }
    for name_of_part in parts[0]:
        values = [value for part in parts for value in part[name_of_part]]
        measured[f"{name_of_part}_p50_ms"] = round(1000 * statistics.median(values), 1)
        measured[f"{name_of_part}_p95_ms"] = round(1000 * float(np.percentile(values, 95)), 1)
    return measured


def studies(server: PostgresServer, before: list[FrozenTrial]) -> list[URL]:
    """Return the addresses of three databases, each with the same study of so many trials."""
    first = server.create_database()
    storage = open_storage(StorageConfig(url=_shown(first)))
    study = open_study(
        storage, compose(["study.name=scale", "study.settings=[]"]), small_reference()
    )
    study.optuna_study.add_trials(before)
    storage.close()
    return [first, *(server.create_database(first) for _ in range(2))]


def compare(urls: list[URL], num_workers: int, num_trials: int) -> dict[str, Any]:
    """Measure ours, then plain Optuna with the same proposals, then with its own sampler."""
    url, *others = map(_shown, urls)
    storage = open_storage(StorageConfig(url=url))
    words = ["study.name=scale", "study.settings=[]", f"study.num_trials={num_trials}"]
    open_study(storage, compose(words), small_reference())
    storage.close()
    found = {"softshare": measure(ours, url, "scale", "", num_workers, num_trials)}
    for kind, plain_url in zip(("same", "default"), others, strict=True):
        sampler = f"{kind}:{num_trials // num_workers}"
        found[f"optuna, {kind} sampler"] = measure(
            plain, plain_url, "scale", sampler, num_workers, num_trials
        )
    return found


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def main(num_workers: int = 64, num_finished: int = 10_000) -> None:
    """Measure both and write them."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    _PROCESSES.set_forkserver_preload(["search.worker", "search.trial"])
    with running_server(max_connections=CONNECTIONS) as server:
        empty, filled = studies(server, []), studies(server, finished_trials(num_finished))
        print("studies are made", flush=True)
        many_workers = compare(empty, num_workers, num_workers * TRIALS_A_WORKER)
        print(many_workers, flush=True)
        many_trials = compare(filled, 1, TRIALS_LATE)
    ours_late = many_trials["softshare"]
    measured = {
        "workers": num_workers,
        "many_workers": many_workers,
        "finished_trials": num_finished,
        "many_trials": many_trials,
        "share_of_a_trial_of_a_minute": round(
            ours_late["seconds"] / ours_late["trials"] / MINUTE, 4
        ),
    }
    path = write_result("scale", [0], measured)
    print(many_trials, f"written to {path}", sep="\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
