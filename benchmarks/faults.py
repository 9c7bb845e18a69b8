"""A study of real compressions under one fault after another: what is left of it in the end.

Workers on a PostgreSQL of its own, behind a network that can be cut. Every few seconds a fault is
drawn: a worker is killed or told to stop, the server is killed, the network is cut for longer than
a lease. Afterwards the study must be whole (``tests/search/wholeness.py``), and every file the one
that an undisturbed compression gives. ``python -m benchmarks.faults [TRIALS [SEED]]``; needs the
development packages.
"""

import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess as Process
from pathlib import Path

from benchmarks.record import write_result
from core.compress import compress
from core.runtime import use_one_thread
from search.artifacts import Artifacts, load_artifact
from search.compression import compress_config
from search.configuration import SoftshareConfig, compose, with_params
from search.reading import read_study
from search.records import StudySnapshot, TrialState
from search.storage import Storage, StorageConfig, open_storage
from search.study import open_study
from search.worker import worker_loop
from tests.data_sets import small_data, small_images, small_reference, write_idx_folder
from tests.postgres import PostgresServer, running_server
from tests.proxy import Proxy, running_proxy
from tests.search.wholeness import check_whole

NUM_WORKERS = 3
LEASE_SECONDS = 4.0
SECONDS_BETWEEN_FAULTS = (3.0, 8.0)
OVERRIDES = [
    "study.name=study",
    "study.settings=[]",
    "study.checkpoint_seconds=1",
    "data=idx",
    "data.num_validation=500",
    "retrain.num_epochs=25",
    "retrain.stop_hopeless=false",
    "post_processing.fine_tuning_epochs=5",
    "space=paper",
]

_PROCESSES = multiprocessing.get_context("forkserver")


def work(url: str, words: list[str]) -> None:
    """Be a worker."""
    worker_loop(StorageConfig(url=url), "study", compose(words), lease_seconds=LEASE_SECONDS)


class Soak:
    """The workers and all that can go wrong around them.

    Attributes:
        happened: how often each fault came.
    """

    def __init__(
        self, server: PostgresServer, proxy: Proxy, url: str, words: list[str], seed: int
    ) -> None:
        self.happened: Counter[str] = Counter()
        self._server, self._proxy, self._url, self._words = server, proxy, url, words
        self._random = random.Random(seed)
        self._workers: list[Process] = []
        self._to_come: list[str] = []
        self._faults = {
            "worker killed": lambda: self._signal(signal.SIGKILL),
            "worker told to stop": lambda: self._signal(signal.SIGTERM),
            "server killed": self._kill_server,
            "network cut": self._cut_network,
        }

    @contextmanager
    def workers(self) -> Iterator[None]:
        """Let workers work, and replace them when they end, while the block runs."""
        over = threading.Event()

        def replace() -> None:
            while not over.wait(0.2):
                self._workers = [worker for worker in self._workers if worker.is_alive()]
                while len(self._workers) < NUM_WORKERS and not over.is_set():
                    worker = _PROCESSES.Process(target=work, args=(self._url, self._words))
                    worker.start()
                    self._workers.append(worker)

        thread = threading.Thread(target=replace)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            for worker in self._workers:
                worker.join(60)

    def fault(self) -> None:
        """Wait a while and let something go wrong."""
        time.sleep(self._random.uniform(*SECONDS_BETWEEN_FAULTS))
        if not self._to_come:  # each kind once a round, in an order of its own
            self._to_come = self._random.sample(list(self._faults), len(self._faults))
        name = self._to_come.pop()
        self.happened[name] += 1
        self._faults[name]()

    def _signal(self, number: signal.Signals) -> None:
        living = [worker for worker in self._workers if worker.is_alive()]
        if living and (pid := self._random.choice(living).pid) is not None:
            os.kill(pid, number)

    def _kill_server(self) -> None:
        self._server.kill_hard()
        time.sleep(1)
        self._server.start()

    def _cut_network(self) -> None:
        self._proxy.cut()
        time.sleep(1.5 * LEASE_SECONDS)
        self._proxy.mend()


def differing_files(storage: Storage, config: SoftshareConfig, snapshot: StudySnapshot) -> int:
    """Return how many trials have another file than an undisturbed compression gives."""
    use_one_thread()
    count = 0
    for trial in snapshot.trials:
        if trial.state is TrialState.complete and trial.artifact_id is not None:
            same = with_params(config, {"retrain.seed": trial.seed, **trial.params})
            undisturbed = compress(small_reference(), small_data(), compress_config(same))
            count += load_artifact(Artifacts(storage), trial.artifact_id) != undisturbed.file
    return count


def main(num_trials: int = 12, seed: int = 0) -> None:
    """Run the study through its faults and write what is left of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server() as server,
        running_proxy(server.port) as proxy,
    ):
        images = write_idx_folder(Path(folder) / "images", small_images())
        words = [*OVERRIDES, f"data.dir={images}", f"cache_dir={folder}/cache"]
        config = compose([*words, f"study.num_trials={num_trials}"])
        url = server.create_database()
        storage = open_storage(StorageConfig(url=url.render_as_string(hide_password=False)))
        fingerprint = small_data().fingerprint
        study = open_study(storage, config, small_reference(), data_fingerprint=fingerprint)
        behind = url.set(port=proxy.port).render_as_string(hide_password=False)
        soak = Soak(server, proxy, behind, words, seed)
        start = time.monotonic()
        with soak.workers():
            while read_study(storage, "study").num_finished < num_trials:
                soak.fault()
        seconds = time.monotonic() - start
        with soak.workers():  # whoever joins a study that is over tidies it up
            time.sleep(2)
        snapshot = check_whole(storage, num_trials)
        interrupted = sum(t.state is TrialState.interrupted for t in snapshot.trials)
        differing = differing_files(storage, study.config, snapshot)
        storage.close()
    measured = {
        "num_trials": num_trials,
        "num_workers": NUM_WORKERS,
        "lease_seconds": LEASE_SECONDS,
        "seconds": round(seconds, 1),
        "faults": dict(sorted(soak.happened.items())),
        "trials_interrupted": interrupted,
        "trials_finished": snapshot.num_finished,
        "trials_lost_or_doubled": 0,  # or check_whole would have raised
        "files_unlike_undisturbed": differing,
    }
    print(write_result("faults", [seed], measured), measured)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
