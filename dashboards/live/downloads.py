"""Files to download: a trial's compressed network, and the tensors that it decodes to."""

import re
from http import HTTPStatus

import numpy as np
import safetensors.numpy
from flask import Flask, Response

from core.codec import decode
from core.errors import SoftshareError
from dashboards.live.watch import Watch


def offer_downloads(server: Flask, watch: Watch) -> None:
    """Add the routes of the files; each reads one and changes nothing."""

    @server.get("/download/<study>/trial-<int:number>.sws")
    def compressed(study: str, number: int) -> Response:
        return _answer(watch, study, number, "sws")

    @server.get("/download/<study>/trial-<int:number>.safetensors")
    def decoded(study: str, number: int) -> Response:
        return _answer(watch, study, number, "safetensors")


def _answer(watch: Watch, study: str, number: int, suffix: str) -> Response:
    try:
        content = watch.file(study, watch.trial(study, number))
        if suffix == "safetensors":
            content = safetensors_of(content)
    except SoftshareError as error:
        return Response(f"{error}\n", HTTPStatus.NOT_FOUND, mimetype="text/plain")
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", study).strip("_") or "study"
    name = f"{safe}-trial-{number}.{suffix}"
    return Response(
        content,
        mimetype="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def safetensors_of(content: bytes) -> bytes:
    """Return the tensors of a compressed file as safetensors.

    Raises:
        CodecError: the bytes are no such file.
    """
    network = decode(content)
    arrays = {name: np.ascontiguousarray(array) for name, array in network.arrays().items()}
    return safetensors.numpy.save(arrays, metadata={"network_name": network.network_name})
