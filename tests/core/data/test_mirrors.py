import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from core.data import mirrors
from core.data.idx import FILE_NAMES
from core.errors import DataError
from tests.data_sets import small_images, write_idx_folder


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Endless(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            pass  # the reader had enough

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(handler: object) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    write_idx_folder(tmp_path, small_images(), gzipped=True)
    with serving(partial(Files, directory=str(tmp_path))) as address:
        yield address


@pytest.fixture
def closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_the_four_files_are_fetched(mirror: str) -> None:
    images = mirrors.fetch([mirror])
    for field in FILE_NAMES:
        np.testing.assert_array_equal(getattr(images, field), getattr(small_images(), field))


def test_the_next_mirror_is_asked_when_one_fails(mirror: str, closed: str) -> None:
    assert len(mirrors.fetch([closed, f"{mirror}elsewhere/", mirror]).test_labels) == 500


def test_every_mirror_that_failed_is_named_with_its_reason(mirror: str, closed: str) -> None:
    with pytest.raises(DataError) as caught:
        mirrors.fetch([closed, f"{mirror}elsewhere/"])
    assert f"{closed}train-images-idx3-ubyte.gz ([Errno" in str(caught.value)
    assert f"{mirror}elsewhere/train-images-idx3-ubyte.gz (File not found)" in str(caught.value)


def test_a_name_that_nobody_knows_is_given_up() -> None:
    with pytest.raises(DataError, match="no mirror served it: http://softshare"):
        mirrors.fetch(["http://softshare.invalid/"], answer_seconds=1.0)


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(DataError, match="timed out"):
            mirrors.fetch([address], answer_seconds=0.1)


def test_an_answer_without_end_is_given_up() -> None:
    with serving(Endless) as address:
        with pytest.raises(DataError, match="longer than 16777216 bytes"):
            mirrors.fetch([address])
        with pytest.raises(DataError, match="not complete after 0 s"):
            mirrors.fetch([address], download_seconds=0.0)


def test_a_damaged_file_is_refused(mirror: str, tmp_path: Path) -> None:
    path = tmp_path / f"{FILE_NAMES['train_images']}.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz cannot be read"):
        mirrors.fetch([mirror])
