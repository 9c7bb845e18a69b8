"""Files of studies: in the database itself, so that a worker needs nothing else, or outside of it.

``Artifacts`` follows Optuna's artifact-store protocol. Where a file is and what its SHA-256 is
stands in the database in either case.
"""

import hashlib
import io
import uuid
from typing import BinaryIO

from optuna.artifacts.exceptions import ArtifactNotFound
from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from search.artifact_places import ArtifactStore, OutsideStore
from search.errors import ArtifactError
from search.schema import IN_DATABASE, ArtifactChunkTable, ArtifactTable, database_seconds
from search.storage import Database, Storage

CHUNK_BYTES = 1 << 20


class Artifacts:
    """Keeps files at one place, and finds those that are kept at any."""

    def __init__(
        self, storage: Storage, place: str = IN_DATABASE, checkpoint_of: int | None = None
    ) -> None:
        """Open the files of a database.

        Args:
            storage: the database, which knows of all files.
            place: where new files go: the database itself, as rows of at most ``CHUNK_BYTES``, or
                one of ``search.artifact_places``.
            checkpoint_of: new files are checkpoints of this study.
        """
        self._storage = storage
        self._checkpoint_of = checkpoint_of
        self._place = place

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a stored file; every byte has been checked when this returns.

        Raises:
            ArtifactNotFound: there is none of this id.
            ArtifactError: its bytes are not those that were stored.
            ArtifactStoreAwayError: its place outside the database cannot be used.
        """
        return io.BytesIO(_read(self._storage, artifact_id))

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Store a file; one that breaks off half-way is missing. One of the same id is replaced.

        Raises:
            ArtifactStoreAwayError: the place outside the database cannot be used.
        """
        content = content_body.read()
        with self._storage.write() as connection:
            _delete(connection, artifact_id)
            connection.execute(
                insert(ArtifactTable).values(
                    id=artifact_id,
                    num_bytes=len(content),
                    sha256=hashlib.sha256(content).hexdigest(),
                    created_at=database_seconds(),
                    place=self._place,
                    checkpoint_of=self._checkpoint_of,
                )
            )
            if self._place == IN_DATABASE:
                _insert_chunks(connection, artifact_id, content)
        if self._place != IN_DATABASE:  # after its row: a file that nothing knows of would stay
            OutsideStore(self._place).write(artifact_id, content)

    def remove(self, artifact_id: str) -> None:
        """Remove a stored file.

        Raises:
            ArtifactNotFound: there is none of this id.
            ArtifactStoreAwayError: its place outside the database cannot be used.
        """
        with self._storage.read() as connection:
            place = connection.execute(
                select(ArtifactTable.place).where(ArtifactTable.id == artifact_id)
            ).scalar()
        if place is None:
            raise ArtifactNotFound(f"there is no artifact {artifact_id}")
        if place != IN_DATABASE:  # first: its row is all that knows of it
            OutsideStore(place).remove(artifact_id)
        with self._storage.write() as connection:
            _delete(connection, artifact_id)


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
        raise _missing(error) from error


def read_artifact(database: Database, artifact_id: str) -> bytes:
    """Return the bytes of a stored file, wherever it is kept, for those who only read.

    Raises:
        ArtifactError: there is none of this id, or its bytes are not those that were stored.
    """
    try:
        return _read(database, artifact_id)
    except ArtifactNotFound as error:
        raise _missing(error) from error


def _read(database: Database, artifact_id: str) -> bytes:
    with database.read() as connection:
        artifact = connection.execute(
            select(ArtifactTable.__table__).where(ArtifactTable.id == artifact_id)
        ).first()
        if artifact is None:
            raise ArtifactNotFound(f"there is no artifact {artifact_id}")
        content = _chunks(connection, artifact_id) if artifact.place == IN_DATABASE else None
    if content is None:
        content = OutsideStore(artifact.place).read(artifact_id)
    digest = hashlib.sha256(content).hexdigest()
    if digest != artifact.sha256:
        where = database.address if artifact.place == IN_DATABASE else artifact.place
        raise ArtifactError(
            f"artifact {artifact_id} in {where} is damaged: stored were "
            f"{artifact.num_bytes} bytes of SHA-256 {artifact.sha256}, found are "
            f"{len(content)} of {digest}; restore it, or run its trial again"
        )
    return content


def _missing(error: ArtifactNotFound) -> ArtifactError:
    return ArtifactError(f"{error}; it was removed, or the database is another one")


def _chunks(connection: Connection, artifact_id: str) -> bytes:
    chunks = connection.execute(
        select(ArtifactChunkTable.content)
        .where(ArtifactChunkTable.artifact_id == artifact_id)
        .order_by(ArtifactChunkTable.position)
    )
    return b"".join(chunks.scalars())


def _insert_chunks(connection: Connection, artifact_id: str, content: bytes) -> None:
    for position in range(0, len(content), CHUNK_BYTES):
        connection.execute(
            insert(ArtifactChunkTable).values(
                artifact_id=artifact_id,
                position=position // CHUNK_BYTES,
                content=content[position : position + CHUNK_BYTES],
            )
        )


def _delete(connection: Connection, artifact_id: str) -> None:
    connection.execute(
        delete(ArtifactChunkTable).where(ArtifactChunkTable.artifact_id == artifact_id)
    )
    connection.execute(delete(ArtifactTable).where(ArtifactTable.id == artifact_id))
