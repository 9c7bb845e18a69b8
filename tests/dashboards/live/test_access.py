"""Who gets an answer from the page, and what no answer can do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core.errors import ConfigError
from dashboards.live.app import make_app
from search.configuration import compose
from search.serving import TOKEN, DashboardConfig, DashboardSource, checked_token
from search.storage import StorageConfig, open_storage
from tests.search.studies import small_study


def client_of(path: Path, **changes: object) -> FlaskClient:
    url = f"sqlite:///{path}/studies.db"
    values = {
        "storage": StorageConfig(url=url),
        "dashboard": DashboardConfig(),
        "command": lambda *_: None,
        "announce": lambda _: None,
    }
    app, _ = make_app(DashboardSource(**{**values, **changes}))  # type: ignore[arg-type]
    client: FlaskClient = app.server.test_client()
    return client


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    storage = open_storage(StorageConfig(url=f"sqlite:///{tmp_path}/studies.db"))
    small_study(storage)
    yield tmp_path
    storage.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::"])
def test_other_machines_are_let_in_with_a_token_only(host: str) -> None:
    config = compose([f"dashboard.host='{host}'"]).dashboard
    with pytest.raises(ConfigError, match=f"dashboard.host must be 127.0.0.1 where {TOKEN}"):
        checked_token(config, {})
    with pytest.raises(ConfigError):
        checked_token(config, {TOKEN: ""})
    assert checked_token(config, {TOKEN: "secret"}) == "secret"
    assert checked_token(DashboardConfig(), {}) is None


def test_a_name_that_points_here_is_no_name_of_this_machine(folder: Path) -> None:
    client = client_of(folder)
    for host, status in (
        ("localhost:8050", 200),
        ("127.0.0.1", 200),
        ("[::1]:8050", 200),
        ("evil.example", 403),
        ("localhost.evil.example:8050", 403),
    ):
        assert client.get("/", headers={"Host": host}).status_code == status, host


def test_another_site_gets_no_answer(folder: Path) -> None:
    client = client_of(folder)
    for origin, status in (("http://localhost", 200), ("http://evil.example", 403)):
        assert client.get("/", headers={"Origin": origin}).status_code == status


def test_without_the_token_nothing_is_told(folder: Path) -> None:
    client = client_of(folder, token="secret", dashboard=DashboardConfig(host="0.0.0.0"))
    for path in ("/", "/_dash-layout", "/styles.css", "/download/study/trial-0.sws"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert b"study" not in answer.data
    assert client.post("/_dash-update-component", json={}).status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    let_in = client.get("/study/a?token=secret")
    assert (let_in.status_code, let_in.location) == (303, "/study/a")
    cookie = let_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "secret" not in cookie
    assert client.get("/_dash-layout").status_code == 200


def test_pages_may_load_and_run_nothing_but_ours(folder: Path) -> None:
    policy = client_of(folder).get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    assert "http" not in policy


def test_no_route_takes_more_than_questions(folder: Path) -> None:
    app, _ = make_app(
        DashboardSource(
            storage=StorageConfig(url=f"sqlite:///{folder}/studies.db"),
            dashboard=DashboardConfig(),
            command=lambda *_: None,
            announce=lambda _: None,
        )
    )
    asking = {"GET", "HEAD", "OPTIONS"}
    changing = {rule.rule for rule in app.server.url_map.iter_rules() if rule.methods - asking}
    assert changing == {"/_dash-update-component"}  # it answers what a page asks


def test_missing_files_are_told_in_a_line(folder: Path) -> None:
    answer = client_of(folder).get("/download/study/trial-7.sws")
    assert (answer.status_code, answer.text) == (
        404,
        "study study has no trial 7; none has started yet\n",
    )
