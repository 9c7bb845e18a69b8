"""A network between a process and a server that a test can cut and mend."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Proxy:
    """Passes connections on to a port of this machine.

    Attributes:
        port: where it listens, on 127.0.0.1.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._is_cut = False
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and every new one at once."""
        with self._lock:
            self._is_cut = True
            ended, self._open = self._open, []
        for connection in ended:
            _end(connection)

    def mend(self) -> None:
        """Let new connections through again."""
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        """End everything."""
        self.cut()
        _end(self._listener)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it is closed
            while True:
                self._pass(self._listener.accept()[0])

    def _pass(self, client: socket.socket) -> None:
        with self._lock:
            try:
                if self._is_cut:
                    raise ConnectionAbortedError
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:  # it is cut, or the server is away
                _end(client)
                return
            self._open += [client, server]
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(1 << 16):
            sink.sendall(content)
    for connection in (source, sink):
        _end(connection)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextlib.contextmanager
def running_proxy(target_port: int) -> Iterator[Proxy]:
    """Run a proxy while the block runs."""
    proxy = Proxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
