import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.artifacts.exceptions import ArtifactNotFound
from sqlalchemy import delete, func, insert, select, update

from core.errors import ConfigError
from search.artifacts import CHUNK_BYTES, Artifacts, load_artifact, save_artifact
from search.errors import ArtifactError, ArtifactStoreAwayError
from search.outages import is_outage
from search.schema import ArtifactChunkTable, ArtifactTable
from search.storage import Storage, StorageConfig, open_storage


@given(content=st.binary(max_size=1000))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_written(storage: Storage, content: bytes) -> None:
    store = Artifacts(storage)
    assert load_artifact(store, save_artifact(store, content)) == content


@pytest.mark.parametrize("num_bytes", [0, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 1])
def test_a_file_is_cut_into_chunks_and_put_together(storage: Storage, num_bytes: int) -> None:
    store = Artifacts(storage)
    content = bytes(range(256)) * (num_bytes // 256) + b"x" * (num_bytes % 256)
    artifact_id = save_artifact(store, content)
    assert load_artifact(store, artifact_id) == content
    with storage.read() as connection:
        num_chunks = connection.execute(select(func.count(ArtifactChunkTable.position))).scalar()
        stored = connection.execute(select(ArtifactTable.num_bytes, ArtifactTable.sha256)).one()
    assert num_chunks == -(-num_bytes // CHUNK_BYTES)
    assert stored == (num_bytes, hashlib.sha256(content).hexdigest())


def test_writing_an_id_again_replaces_the_file(storage: Storage) -> None:
    store = Artifacts(storage)
    store.write("one", io.BytesIO(b"a" * (CHUNK_BYTES + 1)))
    store.write("one", io.BytesIO(b"b"))
    assert load_artifact(store, "one") == b"b"


def test_a_changed_byte_is_noticed_with_both_checksums(storage: Storage) -> None:
    store = Artifacts(storage)
    artifact_id = save_artifact(store, b"what was stored")
    with storage.write() as connection:
        connection.execute(update(ArtifactChunkTable).values(content=b"what is stored?"))
    expected, found = (
        hashlib.sha256(b).hexdigest() for b in (b"what was stored", b"what is stored?")
    )
    with pytest.raises(ArtifactError, match=f"{artifact_id} .* damaged: .*{expected}.*{found}"):
        load_artifact(store, artifact_id)


def test_a_lost_chunk_is_noticed(storage: Storage) -> None:
    store = Artifacts(storage)
    artifact_id = save_artifact(store, b"x" * (CHUNK_BYTES + 1))
    with storage.write() as connection:
        connection.execute(delete(ArtifactChunkTable).where(ArtifactChunkTable.position == 1))
    with pytest.raises(ArtifactError, match=f"stored were {CHUNK_BYTES + 1} bytes"):
        load_artifact(store, artifact_id)


def test_a_removed_file_is_gone_with_all_its_chunks(storage: Storage) -> None:
    store = Artifacts(storage)
    artifact_id = save_artifact(store, b"x" * (CHUNK_BYTES + 1))
    store.remove(artifact_id)
    with storage.read() as connection:
        assert connection.execute(select(func.count(ArtifactChunkTable.position))).scalar() == 0
    with pytest.raises(ArtifactNotFound, match=artifact_id):
        store.open_reader(artifact_id)
    with pytest.raises(ArtifactNotFound, match=artifact_id):
        store.remove(artifact_id)
    with pytest.raises(ArtifactError, match=f"no artifact {artifact_id}"):
        load_artifact(store, artifact_id)


def test_a_write_that_breaks_off_leaves_nothing(storage: Storage) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError("the disk went away")

    store = Artifacts(storage)
    with pytest.raises(OSError, match="went away"):
        store.write("one", Broken())
    with storage.read() as connection:
        assert connection.execute(select(func.count(ArtifactChunkTable.position))).scalar() == 0
        assert connection.execute(select(func.count(ArtifactTable.id))).scalar() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "it's a place"
    path.mkdir()
    return path


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A server that takes, gives and removes objects as S3 does, with what it holds by key."""
    objects: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200)

        def do_GET(self) -> None:
            missing = b"<Error><Code>NoSuchKey</Code></Error>"
            self.answer(*((200, objects[self.path]) if self.path in objects else (404, missing)))

        def do_DELETE(self) -> None:
            objects.pop(self.path, None)
            self.answer(204)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # or a body comes in signed chunks
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield objects
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_in_a_folder_is_found_by_whoever_has_the_database(
    storage: Storage, folder: Path
) -> None:
    artifact_id = save_artifact(Artifacts(storage, folder.as_uri()), b"in the folder")
    assert (folder / artifact_id).read_bytes() == b"in the folder"
    assert load_artifact(Artifacts(storage), artifact_id) == b"in the folder"
    (folder / artifact_id).write_bytes(b"in the F0lder")
    with pytest.raises(ArtifactError, match=f"{artifact_id} in file://.* is damaged"):
        load_artifact(Artifacts(storage), artifact_id)
    Artifacts(storage).remove(artifact_id)
    assert list(folder.iterdir()) == []
    with pytest.raises(ArtifactNotFound):
        Artifacts(storage).open_reader(artifact_id)


def test_a_file_in_a_bucket_is_found_by_whoever_has_the_database(
    sqlite_url: str, bucket: dict[str, bytes]
) -> None:
    storage = open_storage(StorageConfig(url=sqlite_url))
    artifact_id = save_artifact(Artifacts(storage, "s3://nets/a/b"), b"in the bucket")
    assert bucket == {f"/nets/a/b/{artifact_id}": b"in the bucket"}
    assert load_artifact(Artifacts(storage), artifact_id) == b"in the bucket"
    bucket.clear()
    with pytest.raises(ArtifactError, match="was removed"):
        load_artifact(Artifacts(storage), artifact_id)
    Artifacts(storage).remove(artifact_id)
    storage.close()


def test_a_bucket_out_of_reach_is_named_in_one_line(
    sqlite_url: str, bucket: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    storage = open_storage(StorageConfig(url=sqlite_url))
    with pytest.raises(ArtifactStoreAwayError, match="artifacts=s3://nets cannot be") as raised:
        save_artifact(Artifacts(storage, "s3://nets"), b"")
    assert "\n" not in str(raised.value)
    assert is_outage(raised.value)
    storage.close()


def test_a_folder_that_is_not_mounted_is_named_and_not_made(
    sqlite_url: str, tmp_path: Path
) -> None:
    storage = open_storage(StorageConfig(url=sqlite_url))
    place = (tmp_path / "not mounted").as_uri()
    with pytest.raises(ArtifactStoreAwayError, match="No such file or directory"):
        save_artifact(Artifacts(storage, place), b"")
    assert not (tmp_path / "not mounted").exists()
    storage.close()


def test_a_name_from_a_database_cannot_lead_out_of_its_folder(
    sqlite_url: str, folder: Path
) -> None:
    storage = open_storage(StorageConfig(url=sqlite_url))
    (folder.parent / "secret").write_bytes(b"secret")
    with storage.write() as connection:
        connection.execute(
            insert(ArtifactTable).values(
                id="../secret",
                num_bytes=6,
                sha256=hashlib.sha256(b"secret").hexdigest(),
                created_at=0.0,
                place=folder.as_uri(),
            )
        )
    with pytest.raises(ArtifactError, match="no name of ours"):
        load_artifact(Artifacts(storage), "../secret")
    storage.close()


@pytest.mark.parametrize("place", ["", "here", "/tmp", "file://host/x", "s3://", "s3://a?b=c"])
def test_other_places_are_refused(place: str) -> None:
    with pytest.raises(ConfigError, match=r"storage\.artifacts must be database, file:///"):
        StorageConfig(artifacts=place)
