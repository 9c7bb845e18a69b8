"""What each service runs, run: as a process of its own, in the environment of its container.

The paths of the container are mapped to folders of the test; the database is the tests' own.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from search.reading import read_study
from search.records import TrialState
from search.storage import Storage, StorageConfig, open_storage
from tests.compose.reading import Service, image_environment, last_args, services
from tests.data_sets import SMALL_VALIDATION, small_images, write_idx_folder
from tests.postgres import PASSWORD, PostgresServer

PATIENCE_SECONDS = 300
KEYS = (
    f"data=idx data.num_validation={SMALL_VALIDATION} reference.num_epochs=2 "
    "retrain.num_epochs=2 retrain.stop_hopeless=false post_processing.fine_tuning_epochs=1 "
    "score.max_accuracy_loss=1 study.num_trials=1000 study.settings=[best_known]"
)


@dataclass(frozen=True)
class Host:
    """A machine that runs containers, as far as their processes can tell.

    Attributes:
        folder: holds its volumes, by their names, and the writable layer of its containers.
        environ: the variables of who runs Compose.
    """

    folder: Path
    environ: Mapping[str, str]

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen[str]]:
        """Run what a service runs; it is killed if it is left at the end of the block."""
        service = services(self.environ)[name]
        program = shutil.which(last_args("ENTRYPOINT")[0], path=str(Path(sys.executable).parent))
        assert program is not None
        inside = {**image_environment(), **service.environment}
        # Loops that other tests have compiled already: from nothing it takes a minute.
        del inside["NUMBA_CACHE_DIR"]
        environment = {key: self._outside(value, service) for key, value in inside.items()}
        environment |= {"PATH": os.defpath, "HOME": str(self.layer)}
        if "PYTHONPATH" in os.environ:
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self.layer.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [program, *(self._outside(word, service) for word in service.words)],
            cwd=self.layer,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()  # of no effect on one that has ended

    @property
    def layer(self) -> Path:
        """What a container could write beside its volumes, were it not read-only."""
        return self.folder / "layer"

    def _outside(self, text: str, service: Service) -> str:
        """Return a text with every path in a volume where it lies on this machine."""
        targets = "|".join(re.escape(target) for target in service.mounts)

        def place(found: re.Match[str]) -> str:
            source = service.mounts[found[1]]
            return source if source.startswith("/") else str(self.folder / source)

        return re.sub(rf"(?<![\w/])({targets})(?=/|$)", place, text)


@pytest.fixture
def host(tmp_path: Path, postgres: PostgresServer) -> Host:
    """A machine with small images and the variables of a study on them."""
    url = postgres.create_database()
    return Host(
        folder=tmp_path,
        environ={
            "PGHOST": str(url.host),
            "PGPORT": str(url.port),
            "PGDATABASE": str(url.database),
            "PGPASSWORD": PASSWORD,
            "SOFTSHARE_STUDY": "night",
            "SOFTSHARE_DATA": str(write_idx_folder(tmp_path / "images", small_images())),
            "SOFTSHARE_KEYS": KEYS,
        },
    )


@pytest.fixture
def storage(host: Host, postgres: PostgresServer) -> Iterator[Storage]:
    """The database of ``host``."""
    url = postgres.url(host.environ["PGDATABASE"])
    opened = open_storage(StorageConfig(url=url.render_as_string(hide_password=False)))
    yield opened
    opened.close()


def wait_for_a_trial(storage: Storage, worker: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while read_study(storage, "night").num_finished == 0:
        assert worker.poll() is None, worker.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_study_is_created_worked_on_and_given_back(host: Host, storage: Storage) -> None:
    with host.running("study") as study:
        output, errors = study.communicate(timeout=PATIENCE_SECONDS)
    assert study.returncode == 0, errors
    assert output.startswith("study night in postgresql")
    created = read_study(storage, "night")
    assert (created.study.num_trials, created.num_finished) == (1000, 0)

    with host.running("worker") as worker:
        wait_for_a_trial(storage, worker)
        worker.send_signal(signal.SIGTERM)
        finished, more_errors = worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0, more_errors
    assert re.fullmatch(r"finished \d+ trials? of study night\n", finished)

    states = {trial.state for trial in read_study(storage, "night").trials}
    assert TrialState.complete in states
    assert states <= {TrialState.complete, TrialState.interrupted}
    assert PASSWORD not in output + errors + finished + more_errors
    assert list(host.layer.iterdir()) == []


def test_compiled_loops_are_kept_in_the_cache(tmp_path: Path) -> None:
    # Imported, not compiled: numba chooses the place when a loop is declared.
    name = "NUMBA_CACHE_DIR"
    folder = f"{tmp_path}{image_environment()[name]}"
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            "from core.codec.vector_loop import code_vector as c; print(c.stats.cache_path)",
        ],
        env={**os.environ, name: folder},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(folder)


def is_healthy(postgres: PostgresServer, port: int) -> bool:
    environ = {"PGPASSWORD": PASSWORD, "PGPORT": str(port)}
    service = services(environ)["postgres"]
    kind, command = service.tree["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": f"{postgres.programs}:{os.defpath}", **service.environment},
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1, 2), done.stderr  # of pg_isready: accepts, rejects, silent
    return done.returncode == 0


def test_the_health_check_tells_a_server_that_answers_from_none(postgres: PostgresServer) -> None:
    assert is_healthy(postgres, postgres.port)
    assert not is_healthy(postgres, 1)


def test_the_server_takes_the_settings_it_is_started_with(postgres: PostgresServer) -> None:
    program, *words = services({"PGPASSWORD": PASSWORD})["postgres"].words
    done = subprocess.run(
        [
            *(postgres.programs / program, "-C", "max_connections"),
            *(*words, "-D", postgres.folder / "data"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{words[-1].partition('=')[2]}\n"
