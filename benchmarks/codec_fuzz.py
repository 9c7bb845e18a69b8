"""Mutated files: each must decode or be refused with a byte offset, in bounded time and memory.

``python -m benchmarks.codec_fuzz [NUM_FILES]``, a million by default. A mutated file gets a
checksum that fits, since otherwise nothing behind the checksum would be tested. Any exception but
``CodecError`` ends the run with the file's bytes.
"""

import os
import random
import resource
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write_result
from core.codec import (
    ClusteredTensor,
    CodedTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
    decode,
    encode,
)
from core.codec.container import CHECKSUM_BYTES
from core.errors import CodecError

NUM_FILES = 10**6
MAX_ELEMENTS = 10**5
JOBS = 50
GOLDEN = sorted((Path(__file__).parents[1] / "tests/core/codec/golden").glob("*.sws"))
"""One file of each format version."""


def networks() -> list[CompressedNetwork]:
    """Small networks that use every kind of tensor and every branch of the coders."""
    generator = np.random.default_rng(0)
    made = []
    for num_rows, num_columns, density in [
        (9, 49, 0.2),
        (20, 9, 0.6),
        (30, 20, 0.03),
        (30, 90, 0.05),
    ]:
        shape = (num_rows, num_columns)
        cells = (generator.random(shape) < density) * generator.integers(1, 5, shape)
        behind = (generator.random((4, num_rows)) < density) * generator.integers(
            1, 5, (4, num_rows)
        )
        codebook = np.array([0, -0.5, 0.25, 1.5, 3], np.float32)
        tensors: dict[str, CodedTensor] = {
            "hidden.weight": ClusteredTensor(cells.astype(np.int32), codebook),
            "hidden.bias": UniformTensor(
                generator.integers(-16, 16, num_rows).astype(np.int32), 0.5, 5
            ),
            "output.weight": ClusteredTensor(behind.astype(np.int32), codebook),
            "scale": FloatTensor(np.array([1, np.nan], np.float32)),
        }
        made.append(CompressedNetwork("fuzzed", tensors))
    return made


def files(network: CompressedNetwork) -> list[bytes]:
    """Its file as encoded, and with Huffman codes only, so that no coder goes untested."""
    import core.codec.joint_records as module  # noqa: PLC0415 to share nothing for a moment

    made, share = [encode(network)], module.is_sharable
    module.is_sharable = lambda tensor: False
    made.append(encode(network))
    module.is_sharable = share
    return made


def mutated(body: bytes, generator: random.Random) -> bytes:
    """A body with some bytes changed, removed, added, repeated or cut."""
    changed = bytearray(body)
    for _ in range(generator.choice([1, 1, 1, 2, 4])):
        if len(changed) < 6:
            break
        place = generator.randrange(3, len(changed))
        match generator.randrange(6):
            case 0:
                changed[place] ^= 1 << generator.randrange(8)
            case 1:
                changed[place] = generator.choice([0, 1, 127, 128, 255, generator.randrange(256)])
            case 2:
                del changed[place : place + generator.randrange(1, 5)]
            case 3:
                changed[place:place] = generator.randbytes(generator.randrange(1, 5))
            case 4:
                end = place + generator.randrange(1, 9)
                changed[place:place] = changed[place:end]
            case _:
                del changed[place:]
    return bytes(changed)


def run(job: tuple[int, int]) -> dict[str, Any]:
    """Decode ``num_files`` mutated files from a seed."""
    seed, num_files = job
    generator = random.Random(seed)
    bodies = [file[:-CHECKSUM_BYTES] for n in networks() for file in files(n)]
    bodies += [path.read_bytes()[:-CHECKSUM_BYTES] for path in GOLDEN]
    for body in bodies:  # compile before the clock and the memory count
        decode(body + zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little"))
    start_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decoded, slowest = 0, 0.0
    for _ in range(num_files):
        body = mutated(generator.choice(bodies), generator)
        data = body + zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little")
        start = time.perf_counter()
        try:
            decode(data, MAX_ELEMENTS)
            decoded += 1
        except CodecError as error:
            if not 0 <= error.offset <= len(data):
                raise AssertionError(f"offset {error.offset} of {data.hex()}") from error
        except BaseException as error:
            raise AssertionError(f"{error!r} from {data.hex()}") from error
        slowest = max(slowest, time.perf_counter() - start)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start_kib
    return {"decoded": decoded, "slowest_seconds": slowest, "grown_kib": grown}


def main() -> None:
    num_files = int(sys.argv[1]) if len(sys.argv) > 1 else NUM_FILES
    start = time.perf_counter()
    jobs = [(seed, num_files // JOBS) for seed in range(JOBS)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, jobs))
    decoded = sum(result["decoded"] for result in results)
    measured = {
        "files": JOBS * (num_files // JOBS),
        "max_elements": MAX_ELEMENTS,
        "decoded": decoded,
        "refused": JOBS * (num_files // JOBS) - decoded,
        "other_exceptions": 0,
        "slowest_seconds": max(result["slowest_seconds"] for result in results),
        "memory_growth_of_a_process_kib": max(result["grown_kib"] for result in results),
        "seconds": time.perf_counter() - start,
    }
    print(measured)
    print(write_result("codec_fuzz", [seed for seed, _ in jobs], measured))


if __name__ == "__main__":
    main()
