"""What all tests share: run-time type checks of ``core``, one profile of Hypothesis, databases."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import jaxtyping
import pytest
import torch

ROOT = Path(__file__).parents[1]

# Before anything imports core: shapes and types of every call in it are checked at run time. Numba
# compiles from the plain source of a function, so what it compiles stays as it is.
checked = [
    path
    for path in ROOT.glob("core/**/*.py")
    if not any(sign in path.read_text() for sign in ("import numba", "@compiled"))
]
jaxtyping.install_import_hook(
    [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in checked],
    "beartype.beartype",
)

from search.storage import Storage, StorageConfig, open_storage  # noqa: E402 after the hook
from tests.postgres import PostgresServer, running_server  # noqa: E402 after the hook

hypothesis.settings.register_profile(
    "softshare",
    derandomize=True,  # the same examples on every run and machine
    database=None,
    deadline=None,  # no test depends on how fast this machine is
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("softshare")


@pytest.fixture(autouse=True)
def denormal_numbers() -> Iterator[None]:
    """Give denormal numbers back after each test: a verb that runs here flushes them to zero."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server, shared by all tests of this process."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of empty tables of this test's own on PostgreSQL."""
    return postgres.create_schema().render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database of this test's own, whose folder is not there yet."""
    return f"sqlite:///{tmp_path}/runs/softshare.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def storage_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database: every test that takes it runs on both kinds."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def storage(storage_url: str) -> Iterator[Storage]:
    """An open, empty database, on SQLite and on PostgreSQL."""
    opened = open_storage(StorageConfig(url=storage_url))
    yield opened
    opened.close()
