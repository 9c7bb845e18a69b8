"""Seconds and memory to encode and decode, from 10^4 weights on, beside xz and nncodec.

The networks are of four equal square layers with clustered rows and columns, 5 % of the weights
not zero. Each size is measured in a process of its own; memory is the greatest growth of that
process while it encodes or decodes, in copies of the network as float32. Up to a million weights
all seconds, the others' too, are the least of several; beyond, those of the first time. Start-up,
a new process that imports the codec and decodes a small file, is measured apart: with the machine
code in numba's cache, and once without it.
``python -m benchmarks.codec_speed [NUM_WEIGHTS ...]``; ``NNCODEC_PYTHON`` as in ``codec_size``,
up to a million weights.
"""

import lzma
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.codec_size import least_seconds, nncodec_results
from benchmarks.record import write_result
from core.codec import ClusteredTensor, CompressedNetwork, decode, encode

SIZES = (10**4, 10**5, 10**6, 10**7, 25 * 10**6, 10**8)
LAYERS = 4
DENSITY = 0.05
MAX_WEIGHTS_FOR_OTHERS = 10**6


def weights_of(num_weights: int) -> dict[str, ClusteredTensor]:
    """Layers whose non-zeros gather in some rows and columns."""
    generator = np.random.default_rng(0)
    side = round((num_weights / LAYERS) ** 0.5)
    codebook = np.array([0, -3, -2, -1, 1, 2, 3, 4], np.float32)
    tensors = {}
    for layer in range(LAYERS):
        rows, columns = generator.random((2, side), np.float32) ** 2
        cells = np.zeros((side, side), np.int32)
        for row in range(side):  # by rows, as the memory of this process is measured
            nonzero = generator.random(side, np.float32) < 9 * DENSITY * rows[row] * columns
            cells[row, nonzero] = generator.integers(1, 8, np.count_nonzero(nonzero))
        tensors[f"layer{layer}.weight"] = ClusteredTensor(cells, codebook)
    return tensors


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result, seconds, and bytes by which the process grew at its greatest."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    return result, seconds, 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def measure(num_weights: int) -> dict[str, Any]:
    """What one size costs, run in a new process."""
    decode(encode(CompressedNetwork("", weights_of(10**4))))  # compile
    weights = weights_of(num_weights)
    num_bytes = 4 * sum(tensor.indices.size for tensor in weights.values())
    network = CompressedNetwork("", weights)
    data, encode_seconds, encode_growth = timed(lambda: encode(network))
    decoded, decode_seconds, decode_growth = timed(lambda: decode(data))
    if decoded != network:
        raise SystemExit("the file does not decode to its network")
    is_small = num_weights <= MAX_WEIGHTS_FOR_OTHERS
    if is_small:
        encode_seconds = least_seconds(lambda: encode(network))
        decode_seconds = least_seconds(lambda: decode(data))
    result: dict[str, Any] = {
        "num_weights": num_bytes // 4,
        "file_bytes": len(data),
        "encode_seconds": encode_seconds,
        "decode_seconds": decode_seconds,
        "encode_megabytes_per_second": num_bytes / 1e6 / encode_seconds,
        "decode_megabytes_per_second": num_bytes / 1e6 / decode_seconds,
        "encode_memory_copies": encode_growth / num_bytes,
        "decode_memory_copies": decode_growth / num_bytes,
    }
    if not is_small:
        return result
    raw = b"".join(tensor.values().tobytes() for tensor in weights.values())
    packed = lzma.compress(raw)
    result |= {
        "xz_bytes": len(packed),
        "xz_encode_seconds": least_seconds(lambda: lzma.compress(raw)),
        "xz_decode_seconds": least_seconds(lambda: lzma.decompress(packed)),
        "nncodec": nncodec_results(weights)[:1],
    }
    return result


def start_up_seconds() -> dict[str, float]:
    """Seconds of a new process from its start to a decoded small file."""
    program = "import sys; from core.codec import decode; decode(open(sys.argv[1], 'rb').read())"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.sws")
        path.write_bytes(encode(CompressedNetwork("", weights_of(10**4))))
        empty_cache = os.environ | {"NUMBA_CACHE_DIR": folder}
        seconds = {}
        for name, environment in (
            ("compiling", empty_cache),
            ("cached", empty_cache),
            ("python_alone", os.environ),
        ):
            code = "pass" if name == "python_alone" else program
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code, path], check=True, env=environment)
            seconds[name] = time.perf_counter() - start
    return seconds


def main() -> None:
    sizes = tuple(int(argument) for argument in sys.argv[1:]) or SIZES
    results = []
    for size in sizes:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            results.append(pool.apply(measure, (size,)))
        print(results[-1], flush=True)
    measured = {"networks": results, "start_up_seconds": start_up_seconds()}
    print(measured["start_up_seconds"])
    print(write_result("codec_speed", [0], measured))


if __name__ == "__main__":
    main()
