import hashlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.artifacts.exceptions import ArtifactNotFound
from sqlalchemy import delete, func, select, update

from search.artifacts import CHUNK_BYTES, DatabaseArtifactStore, load_artifact, save_artifact
from search.errors import ArtifactError
from search.schema import ArtifactChunkTable, ArtifactTable
from search.storage import Storage


@given(content=st.binary(max_size=1000))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_written(storage: Storage, content: bytes) -> None:
    store = DatabaseArtifactStore(storage)
    assert load_artifact(store, save_artifact(store, content)) == content


@pytest.mark.parametrize("num_bytes", [0, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 1])
def test_a_file_is_cut_into_chunks_and_put_together(storage: Storage, num_bytes: int) -> None:
    store = DatabaseArtifactStore(storage)
    content = bytes(range(256)) * (num_bytes // 256) + b"x" * (num_bytes % 256)
    artifact_id = save_artifact(store, content)
    assert load_artifact(store, artifact_id) == content
    with storage.read() as connection:
        num_chunks = connection.execute(select(func.count(ArtifactChunkTable.position))).scalar()
        stored = connection.execute(select(ArtifactTable.num_bytes, ArtifactTable.sha256)).one()
    assert num_chunks == -(-num_bytes // CHUNK_BYTES)
    assert stored == (num_bytes, hashlib.sha256(content).hexdigest())


def test_writing_an_id_again_replaces_the_file(storage: Storage) -> None:
    store = DatabaseArtifactStore(storage)
    store.write("one", io.BytesIO(b"a" * (CHUNK_BYTES + 1)))
    store.write("one", io.BytesIO(b"b"))
    assert load_artifact(store, "one") == b"b"


def test_a_changed_byte_is_noticed_with_both_checksums(storage: Storage) -> None:
    store = DatabaseArtifactStore(storage)
    artifact_id = save_artifact(store, b"what was stored")
    with storage.write() as connection:
        connection.execute(update(ArtifactChunkTable).values(content=b"what is stored?"))
    expected, found = (
        hashlib.sha256(b).hexdigest() for b in (b"what was stored", b"what is stored?")
    )
    with pytest.raises(ArtifactError, match=f"{artifact_id} .* damaged: .*{expected}.*{found}"):
        load_artifact(store, artifact_id)


def test_a_lost_chunk_is_noticed(storage: Storage) -> None:
    store = DatabaseArtifactStore(storage)
    artifact_id = save_artifact(store, b"x" * (CHUNK_BYTES + 1))
    with storage.write() as connection:
        connection.execute(delete(ArtifactChunkTable).where(ArtifactChunkTable.position == 1))
    with pytest.raises(ArtifactError, match=f"stored were {CHUNK_BYTES + 1} bytes"):
        load_artifact(store, artifact_id)


def test_a_removed_file_is_gone_with_all_its_chunks(storage: Storage) -> None:
    store = DatabaseArtifactStore(storage)
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
            if self.tell() > 0:
                raise OSError("the disk went away")
            self.seek(1)
            return b"x" * CHUNK_BYTES

    store = DatabaseArtifactStore(storage)
    with pytest.raises(OSError, match="went away"):
        store.write("one", Broken())
    with storage.read() as connection:
        assert connection.execute(select(func.count(ArtifactChunkTable.position))).scalar() == 0
        assert connection.execute(select(func.count(ArtifactTable.id))).scalar() == 0
