"""The services of docker-compose.yml: valid, without secrets, with no more rights than needed."""

import re
import subprocess
import sys

import pytest

from search.command_line.parsing import parse
from search.command_line.verbs import VERBS
from search.configuration import compose
from search.storage import MAX_CONNECTIONS
from search.worker import STOPPING_SECONDS
from tests.compose.reading import (
    COMPOSE_FILE,
    ROOT,
    MissingVariableError,
    Service,
    image_environment,
    interpolated,
    last_args,
    services,
)

ENVIRON = {"PGPASSWORD": "a password"}
OURS = ("study", "worker", "dashboard")
SERVICES = services(ENVIRON)


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        ("${SET}", "one"),
        ("${UNSET}", ""),
        ("${SET:-two}${UNSET:-two}${EMPTY:-two}", "onetwotwo"),
        ("${SET:+two}${UNSET:+two}", "two"),
        ("${SET:?must be there}", "one"),
        ("$${SET}", "${SET}"),
    ],
)
def test_variables_are_filled_in_as_the_specification_says(text: str, filled_in: str) -> None:
    assert interpolated({"a": [text]}, {"SET": "one", "EMPTY": ""}) == {"a": [filled_in]}


def test_the_file_follows_the_compose_specification() -> None:
    # The schema comes with the package, as the Compose project publishes it.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("environ", [{}, {"PGPASSWORD": ""}])
def test_a_missing_password_is_refused_with_what_to_do(environ: dict[str, str]) -> None:
    with pytest.raises(MissingVariableError, match="PGPASSWORD: set it to the database's password"):
        services(environ)


def test_secrets_come_from_the_environment_alone() -> None:
    secret = {
        (name, key): value
        for name, service in SERVICES.items()
        for key, value in service.environment.items()
        if "PASSWORD" in key or "TOKEN" in key
    }
    assert set(secret.values()) == {"a password"}
    assert {name for name, _ in secret} == set(SERVICES)
    given = services({**ENVIRON, "SOFTSHARE_DASHBOARD_TOKEN": "a token"})
    holders = [n for n, s in given.items() if "a token" in s.environment.values()]
    assert holders == ["dashboard"]
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_variable_is_documented() -> None:
    text = COMPOSE_FILE.read_text()
    variables = {
        *re.findall(r"\$\{(\w+)", text),
        *re.findall(r"^ +([A-Z_]+): *(?:#|$)", text, re.M),
    }
    documented = re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "docker.md").read_text())
    assert {"PGPASSWORD", "PIP_INDEX_URL", "SOFTSHARE_DASHBOARD_TOKEN"} <= variables
    assert variables <= set(documented)


def test_our_services_run_the_image_of_the_one_dockerfile() -> None:
    for name, service in SERVICES.items():
        if name in OURS:
            assert service.tree["build"]["context"] == "."
            assert "dockerfile" not in service.tree["build"]
            # Without a name of its own it can be built here and not pulled from anybody.
            assert "image" not in service.tree
        else:
            assert ":" in service.tree["image"]
    assert set(OURS) < set(SERVICES)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(service: Service) -> None:
    user = service.tree.get("user", last_args("USER")[0])
    assert user.split(":")[0] not in ("", "root", "0")
    assert service.tree["read_only"] is True
    assert service.tree["cap_drop"] == ["ALL"]
    assert service.tree["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "network_mode", "pid", "devices"} & set(service.tree)
    assert "/tmp" in service.tree["tmpfs"]
    for port in service.tree.get("ports", []):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", OURS)
def test_what_a_service_writes_lies_where_it_can(name: str) -> None:
    service = SERVICES[name]
    writable = [*service.mounts, *service.tree["tmpfs"]]
    image = image_environment()
    for variable in ("SOFTSHARE_CACHE", "NUMBA_CACHE_DIR"):
        assert image[variable].startswith("/var/lib/softshare/cache")
    assert "/var/lib/softshare/cache" in writable


def test_workers_can_be_many_and_survive_what_they_die_of() -> None:
    worker = SERVICES["worker"].tree
    assert not {"container_name", "ports", "hostname"} & set(worker)
    # A study that is done ends its workers well: they are not to be started again.
    assert worker["restart"] == "on-failure"
    assert worker["init"] is True
    assert worker["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "study": {"condition": "service_completed_successfully"},
    }
    assert SERVICES["worker"].stop_seconds > STOPPING_SECONDS + 1
    (_, connections) = SERVICES["postgres"].words[-1].split("=")
    assert int(connections) > 64 * MAX_CONNECTIONS


def test_the_database_outlives_its_container_and_says_when_it_is_there() -> None:
    postgres = SERVICES["postgres"].tree
    assert SERVICES["postgres"].mounts == {"/var/lib/postgresql/data": "postgres"}
    assert postgres["restart"] == "unless-stopped"
    assert "--host=127.0.0.1" in postgres["healthcheck"]["test"][1]


def test_workers_and_study_share_what_outlives_them() -> None:
    assert SERVICES["worker"].mounts == SERVICES["study"].mounts
    assert SERVICES["worker"].mounts["/data"] == "data"
    own = services({**ENVIRON, "SOFTSHARE_DATA": "/home/ann/images"})
    assert own["worker"].mounts["/data"] == "/home/ann/images"
    assert "/data:ro" in own["worker"].tree["volumes"][-1]


@pytest.mark.parametrize("name", ["study", "worker"])
def test_a_command_is_one_that_softshare_takes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {
        **ENVIRON,
        "SOFTSHARE_STUDY": "night",
        "SOFTSHARE_DATA": "/home/ann/images",
        "SOFTSHARE_KEYS": "data=idx 'study.settings=[paper, tutorial]' study.num_trials=40",
    }
    service = services(environ)[name]
    for variable, value in service.environment.items():
        monkeypatch.setenv(variable, value)
    verb, *words = service.words
    config = compose(parse(VERBS[verb], words).overrides)
    assert config.study.name == "night"
    assert config.data.dir == "/data"
    assert config.storage.url == "postgresql+psycopg2://softshare@postgres:5432/softshare"
    if name == "study":
        assert config.study.settings == ["paper", "tutorial"]
        assert config.study.num_trials == 40
