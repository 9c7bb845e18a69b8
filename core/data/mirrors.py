"""MNIST from its public mirrors, which serve the four gzipped IDX files under their old names.

A machine without a network must learn so within seconds, so every wait here is bounded.
"""

import gzip
import http.client
import io
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence

from core.data.idx import FILE_NAMES, ImageSet, consistent_image_set, num_dimensions, read_idx
from core.errors import DataError

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
ANSWER_SECONDS = 5.0
DOWNLOAD_SECONDS = 120.0

_MAX_FILE_BYTES = 1 << 24  # the largest of the four has just under 10 MB
_CHUNK_BYTES = 1 << 16


def fetch(
    mirrors: Sequence[str] = MIRRORS,
    answer_seconds: float = ANSWER_SECONDS,
    download_seconds: float = DOWNLOAD_SECONDS,
) -> ImageSet:
    """Download the four files from the first of ``mirrors`` that serves them all.

    Args:
        mirrors: addresses that end in a slash.
        answer_seconds: longest wait for an answer, and for the next bytes of one.
        download_seconds: longest time for one file.

    Raises:
        DataError: no mirror serves them; the message says of each why.
    """
    failures = []
    for mirror in mirrors:
        try:
            return _fetch_from(mirror, answer_seconds, download_seconds)
        except DataError as error:
            failures.append(str(error))
    raise DataError("no mirror served it: " + ", ".join(failures))


def _fetch_from(mirror: str, answer_seconds: float, download_seconds: float) -> ImageSet:
    arrays = {}
    for field, name in FILE_NAMES.items():
        url = f"{mirror}{name}.gz"
        try:
            compressed = _download(url, answer_seconds, download_seconds)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise DataError(f"{url} ({reason})") from error
        with gzip.open(io.BytesIO(compressed)) as stream:
            arrays[field] = read_idx(stream, url, num_dimensions(field))
    return consistent_image_set(arrays, mirror)


def _download(url: str, answer_seconds: float, download_seconds: float) -> bytes:
    deadline = time.monotonic() + download_seconds
    content = bytearray()
    with _open(url, answer_seconds) as response:
        while chunk := response.read1(_CHUNK_BYTES):
            content += chunk
            if len(content) > _MAX_FILE_BYTES:
                raise OSError(f"longer than {_MAX_FILE_BYTES} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"not complete after {download_seconds:g} s")
    return bytes(content)


def _open(url: str, answer_seconds: float) -> http.client.HTTPResponse:
    # A socket's timeout does not cover the look-up of the host's name, which can hang for a
    # minute on a machine without a network; so the asking is left behind when it takes too long.
    answers: queue.Queue[http.client.HTTPResponse | Exception] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=answer_seconds))
        except urllib.error.HTTPError as error:
            error.close()  # it is an answer too, with an open connection
            answers.put(error)
        except (OSError, http.client.HTTPException) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=2 * answer_seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {2 * answer_seconds:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
