"""Files kept in the database itself, so that a worker needs nothing but the database's address.

``DatabaseArtifactStore`` follows Optuna's artifact-store protocol, so that Optuna's file-system
and S3 stores can stand in its place.
"""

import hashlib
import io
import uuid
from typing import BinaryIO, Protocol

from optuna.artifacts.exceptions import ArtifactNotFound
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from search.errors import ArtifactError
from search.schema import ArtifactChunkTable, ArtifactTable, database_seconds
from search.storage import Storage

CHUNK_BYTES = 1 << 20


class ArtifactStore(Protocol):
    """Optuna's artifact-store protocol, which it does not export."""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a stored file for reading."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Store a file."""

    def remove(self, artifact_id: str) -> None:
        """Remove a stored file."""


class DatabaseArtifactStore:
    """Stores files as rows of at most ``CHUNK_BYTES`` each, under their SHA-256."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a stored file; every byte has been checked when this returns.

        Raises:
            ArtifactNotFound: there is none of this id.
            ArtifactError: its bytes are not those that were stored.
        """
        content = io.BytesIO()
        digest = hashlib.sha256()
        num_bytes = 0
        with self._storage.read() as connection:
            artifact = connection.execute(
                select(ArtifactTable.sha256, ArtifactTable.num_bytes).where(
                    ArtifactTable.id == artifact_id
                )
            ).first()
            if artifact is None:
                raise ArtifactNotFound(f"there is no artifact {artifact_id}")
            chunks = connection.execution_options(yield_per=1).execute(
                select(ArtifactChunkTable.content)
                .where(ArtifactChunkTable.artifact_id == artifact_id)
                .order_by(ArtifactChunkTable.position)
            )
            for chunk in chunks.scalars():
                digest.update(chunk)
                num_bytes += len(chunk)
                content.write(chunk)
        if digest.hexdigest() != artifact.sha256:
            raise ArtifactError(
                f"artifact {artifact_id} in {self._storage.address} is damaged: stored were "
                f"{artifact.num_bytes} bytes of SHA-256 {artifact.sha256}, found are {num_bytes} "
                f"of {digest.hexdigest()}; restore the database, or run its trial again"
            )
        content.seek(0)
        return content

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Store a file as a whole or not at all; one of the same id is replaced."""
        digest = hashlib.sha256()
        num_bytes = 0
        with self._storage.write() as connection:
            _delete(connection, artifact_id)
            connection.execute(
                insert(ArtifactTable).values(
                    id=artifact_id, num_bytes=0, sha256="", created_at=database_seconds()
                )
            )
            for position, chunk in enumerate(iter(lambda: content_body.read(CHUNK_BYTES), b"")):
                digest.update(chunk)
                num_bytes += len(chunk)
                connection.execute(
                    insert(ArtifactChunkTable).values(
                        artifact_id=artifact_id, position=position, content=chunk
                    )
                )
            connection.execute(
                update(ArtifactTable)
                .where(ArtifactTable.id == artifact_id)
                .values(num_bytes=num_bytes, sha256=digest.hexdigest())
            )

    def remove(self, artifact_id: str) -> None:
        """Remove a stored file.

        Raises:
            ArtifactNotFound: there is none of this id.
        """
        with self._storage.write() as connection:
            if not _delete(connection, artifact_id):
                raise ArtifactNotFound(f"there is no artifact {artifact_id}")


def save_artifact(store: ArtifactStore, content: bytes) -> str:
    """Store bytes under a new id and return the id."""
    artifact_id = str(uuid.uuid4())
    store.write(artifact_id, io.BytesIO(content))
    return artifact_id


def load_artifact(store: ArtifactStore, artifact_id: str) -> bytes:
    """Return the bytes of a stored file.

    Raises:
        ArtifactError: there is none of this id, or its bytes are not those that were stored.
    """
    try:
        with store.open_reader(artifact_id) as content:
            return content.read()
    except ArtifactNotFound as error:
        raise ArtifactError(f"{error}; it was removed, or the database is another one") from error


def _delete(connection: Connection, artifact_id: str) -> bool:
    connection.execute(
        delete(ArtifactChunkTable).where(ArtifactChunkTable.artifact_id == artifact_id)
    )
    deleted = connection.execute(delete(ArtifactTable).where(ArtifactTable.id == artifact_id))
    return deleted.rowcount > 0
