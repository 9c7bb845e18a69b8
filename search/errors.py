"""What can go wrong in a search, each with a one-line message meant for the user."""

from core.errors import SoftshareError


class SearchError(SoftshareError):
    """Base of the errors of this room."""


class StorageError(SearchError):
    """The database cannot be reached, read or written; the message never holds the password."""


class StorageAwayError(StorageError):
    """The database does not answer now, but it may in a moment."""


class ArtifactError(StorageError):
    """A stored file is missing or is not the one that was stored."""


class ArtifactStoreAwayError(ArtifactError):
    """The place of stored files does not answer or is full; it may be back in a moment."""


class StudyError(SearchError):
    """A study is missing, or is not what its name is asked to be."""


class WorkerError(SearchError):
    """The workers of a search cannot go on; the message says why the last of them ended."""


class LeaseLostError(SearchError):
    """A worker held its slot no longer, so that what it did there must not count."""
