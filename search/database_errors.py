"""One clear line for a database that cannot be used: where it is, what is wrong, what to check.

The driver's own text is matched but never passed on: it may repeat what the address holds.
"""

import re

from sqlalchemy.engine import URL

from search.errors import StorageAwayError, StorageError

# What PostgreSQL, its client library and SQLite say; the first that fits is told. What somebody
# must mend is looked for before what may pass.
_PASSING_SIGNS = (
    (r"refused|No such file", "no server answers", "check host and port, and that it runs"),
    (r"time.?out|unreachable", "no answer", "check host and port, and the network between"),
    (r"closed the connection|terminating", "the server went away", "check that it runs"),
    (r"too many clients|slots are reserved", "it is full", "raise its max_connections"),
    (r"No space left|disk is full|could not extend", "its disk is full", "make room there"),
    (
        r"starting up|shutting down|not yet accepting|recovery",
        "it is starting or stopping",
        "try again in a moment",
    ),
    (r"locked", "another process holds it", "wait, or stop that process"),
)
_LASTING_SIGNS = (
    (r"password authentication failed", "wrong user or password", "check both in storage.url"),
    (r"no password supplied", "it asks for a password", "put it into storage.url or PGPASSWORD"),
    (r"no pg_hba.conf entry", "it refuses this user from here", "ask who runs the server"),
    (r"role .* does not exist", "there is no such user", "check the user in storage.url"),
    (r"database .* does not exist", "no such database", "create it, or check storage.url"),
    (r"could not translate host name", "there is no such host", "check the host in storage.url"),
    (r"permission denied", "the user may not create or use tables", "grant it that right"),
    (r"unable to open database file", "it cannot be opened", "check the path and its rights"),
    (r"not a database", "it is no SQLite database", "choose another file"),
    (r"readonly", "it cannot be written", "check the rights of the file and its folder"),
    (r"malformed", "it is damaged", "restore it, or choose another file"),
)


def unreachable(url: URL, error: BaseException) -> StorageError:
    """Return the error for a database that cannot be used, with no password in it."""
    said = f"{error} {error.__cause__ or ''}"
    for signs, kind_of_error in (
        (_LASTING_SIGNS, StorageError),
        (_PASSING_SIGNS, StorageAwayError),
    ):
        for pattern, what, remedy in signs:
            if re.search(pattern, said):
                return kind_of_error(f"cannot use {_place(url)}: {what}; {remedy}")
    kind = type(error.__cause__ or error).__name__
    return StorageError(f"cannot use {_place(url)}: it failed with {kind}; check storage.url")


def _place(url: URL) -> str:
    if url.drivername == "sqlite":
        return f"the SQLite database {url.database}"
    user = f" as user {url.username}" if url.username else ""
    host, port = url.host or "this machine", url.port or 5432
    return f"the PostgreSQL database {url.database} on {host}, port {port}{user}"
