"""Where the files of a study are kept, as ``storage.artifacts`` names it, in Optuna's stores.

The name is stored with the study and with every file, so that a worker needs only the database to
find them. It is data that may come from a stranger's database: files get random names, and what is
read is checked against its SHA-256.
"""

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from optuna.artifacts import Boto3ArtifactStore, FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound

from core.errors import ConfigError
from search.errors import ArtifactError, ArtifactStoreAwayError
from search.schema import IN_DATABASE

RULE = "storage.artifacts must be database, file:///FOLDER or s3://BUCKET[/PREFIX]"


class ArtifactStore(Protocol):
    """Optuna's artifact-store protocol, which it does not export."""

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a stored file for reading."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Store a file."""

    def remove(self, artifact_id: str) -> None:
        """Remove a stored file."""


def check_place(place: str) -> None:
    """Raise a ``ConfigError`` unless files can be kept at a place of this name."""
    parts = urlsplit(place)
    is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    is_bucket = parts.scheme == "s3" and bool(parts.netloc)
    if place != IN_DATABASE and (not (is_folder or is_bucket) or parts.query or parts.fragment):
        raise ConfigError(f"{RULE}, but got {place}")


class OutsideStore:
    """A folder or a bucket; whatever goes wrong there is one error that names it."""

    def __init__(self, place: str, *, create: bool = False) -> None:
        """Open a place.

        Args:
            place: ``file:///FOLDER`` or ``s3://BUCKET[/PREFIX]``; the keys of a bucket come from
                where its own tools find them.
            create: make the folder if it is not there. Only who creates a study does: a folder
                that another machine lacks is not mounted there.

        Raises:
            ConfigError: it is no place, or its client is not installed.
            ArtifactStoreAwayError: the folder cannot be made.
        """
        check_place(place)
        self._place = place
        parts = urlsplit(place)
        self._prefix = ""
        self._store: ArtifactStore
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            if create:
                with self._named_errors():
                    folder.mkdir(parents=True, exist_ok=True)
            self._store = FileSystemArtifactStore(folder)
            return
        prefix = unquote(parts.path).strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        try:
            self._store = Boto3ArtifactStore(parts.netloc)
        except ImportError:
            raise ConfigError(
                f"storage.artifacts={place} needs boto3; install softshare[s3]"
            ) from None

    def read(self, artifact_id: str) -> bytes:
        """Return a file.

        Raises:
            ArtifactNotFound: there is none of this name.
            ArtifactStoreAwayError: the place cannot be reached or read.
        """
        with self._named_errors(), self._store.open_reader(self._key(artifact_id)) as content:
            return content.read()

    def write(self, artifact_id: str, content: bytes) -> None:
        """Store a file.

        Raises:
            ArtifactStoreAwayError: the place cannot be reached or written, or is full.
        """
        with self._named_errors():
            self._store.write(self._key(artifact_id), io.BytesIO(content))

    def remove(self, artifact_id: str) -> None:
        """Remove a file if it is there.

        Raises:
            ArtifactStoreAwayError: the place cannot be reached or written.
        """
        try:
            with self._named_errors():
                self._store.remove(self._key(artifact_id))
        except ArtifactNotFound:
            pass

    def _key(self, artifact_id: str) -> str:
        # The name comes from a database: it must not lead out of the place.
        try:
            return f"{self._prefix}{uuid.UUID(artifact_id)}"
        except ValueError:
            raise ArtifactError(f"{artifact_id!r} is no name of ours for a file") from None

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except ArtifactNotFound:
            raise
        except _errors() as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            said = " ".join(str(reason).split())
            raise ArtifactStoreAwayError(
                f"storage.artifacts={self._place} cannot be used: {said}; make it reachable from "
                "here, with room and the right to write"
            ) from error


def _errors() -> tuple[type[Exception], ...]:
    """Return what a folder raises, and the client of S3 where it is installed."""
    try:
        from boto3.exceptions import Boto3Error  # noqa: PLC0415 an optional extra
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 the same
    except ImportError:
        return (OSError,)
    return (OSError, Boto3Error, BotoCoreError, ClientError)
