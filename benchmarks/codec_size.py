"""Bytes of quantised networks in our file format beside other coders, on the same tensors.

Some networks are retrained here, at settings from accurate to small, and some are the best files
of ``results``; the coder's initial state was trained on some like those marked so, and the others
judge it. Compared are the weights alone, whose codebook counts as it stands in the file, and the
whole file. nncodec gets signed ranks and no codebook, so that codebook is added to its bytes; and
as its bytes have names and shapes in them, it is compared with a whole file of ours that holds the
weights alone.

``NNCODEC_PYTHON`` names the interpreter of an environment with nncodec 2.1.3, torch and NumPy
before 2; without it, that row is left out. So is zstd's without the package ``zstandard``.
"""

import bz2
import gzip
import importlib.util
import json
import lzma
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write_result
from core.codec import ClusteredTensor, CompressedNetwork, decode, describe, encode, han_bytes
from core.codec.coders import ClusteredHuffmanCoder
from core.compress import CompressConfig, compress
from core.data import DataConfig, load_data
from core.networks import NetworkConfig
from core.post_processing import PostProcessingConfig
from core.reference import ReferenceConfig, load_or_train_reference
from core.retraining import RetrainConfig
from core.runtime import use_one_thread

CACHE = Path.home() / ".cache" / "softshare"
NETWORKS: tuple[dict[str, Any], ...] = (
    {"tuned_on": True, "tau": 0.2, "num_epochs": 10, "seed": 0, "num_centroids": 5},
    {"tuned_on": True, "tau": 0.5, "num_epochs": 10, "seed": 0, "num_centroids": 5},
    {"tuned_on": False, "tau": 0.1, "num_epochs": 10, "seed": 0, "num_centroids": 5},
    {"tuned_on": False, "tau": 0.3, "num_epochs": 14, "seed": 5, "num_centroids": None},
    {"tuned_on": False, "tau": 0.8, "num_epochs": 12, "seed": 7, "num_centroids": 8},
)
GENERAL: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 9),
    "bz2": lambda data: bz2.compress(data, 9),
    "xz": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
}
if importlib.util.find_spec("zstandard"):
    GENERAL["zstd"] = importlib.import_module("zstandard").ZstdCompressor(22).compress
BARS = {"han": 0.78, "nncodec": 0.95}
"""What our bytes may be at most, relative to others'."""
FILES = sorted((Path(__file__).parents[1] / "results").glob("*/best.sws"))
REPEATS = 7


def entropy_bytes(tensor: ClusteredTensor) -> float:
    """Order-0 entropy of the dense indices."""
    counts = np.bincount(tensor.indices.reshape(-1))
    counts = counts[counts > 0]
    return float((counts * np.log2(counts.sum() / counts)).sum() / 8)


def codebook_bytes(tensor: ClusteredTensor) -> int:
    """Bytes of the codebook, with its length, in our format."""
    zeros = ClusteredTensor(np.zeros(1, np.int32), tensor.codebook)
    return len(ClusteredHuffmanCoder().encode(zeros) or b"") - 1


def nncodec_results(tensors: dict[str, ClusteredTensor]) -> list[dict[str, Any]]:
    """Bytes and seconds at each setting, empty without ``NNCODEC_PYTHON``."""
    interpreter = os.environ.get("NNCODEC_PYTHON")
    if not interpreter:
        return []
    ranks = {name: np.argsort(np.argsort(tensor.codebook)) for name, tensor in tensors.items()}
    signed = {name: (ranks[name] - ranks[name][0])[t.indices] for name, t in tensors.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tensors.npz")
        np.savez(path, **signed)
        script = Path(__file__).with_name("nncodec_bytes.py")
        done = subprocess.run(
            [interpreter, script, path], capture_output=True, text=True, check=True
        )
    results: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return results


def least_seconds(run: Callable[[], object]) -> float:
    """Least of several times."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def measured(network: CompressedNetwork) -> dict[str, Any]:
    """Bytes of one network's weights in every coder, and its seconds in ours."""
    weights = {n: t for n, t in network.tensors.items() if isinstance(t, ClusteredTensor)}
    data = encode(network)
    if decode(data) != network:
        raise SystemExit("the file does not decode to its network")
    dense = b"".join(
        t.indices.astype(np.uint8 if len(t.codebook) <= 256 else np.int32).tobytes()
        for t in weights.values()
    )
    codebooks = sum(codebook_bytes(tensor) for tensor in weights.values())
    huffman = ClusteredHuffmanCoder()
    ours = sum(t.bits.total // 8 for t in describe(data).tensors if t.name in weights)
    sizes = {
        "ours": ours,
        "ours_as_a_file": len(encode(CompressedNetwork("", weights))),
        "han": han_bytes(weights.values()),
        "han_in_our_file": sum(len(huffman.encode(t) or b"") for t in weights.values()),
        "order_0_entropy": round(sum(map(entropy_bytes, weights.values()))) + codebooks,
    } | {name: len(code(dense)) + codebooks for name, code in GENERAL.items()}
    mpeg = nncodec_results(weights)
    if mpeg:
        sizes["nncodec"] = min(result["bytes"] for result in mpeg) + codebooks
    relative = {name: round(ours / size, 4) for name, size in sizes.items() if name != "ours"}
    if mpeg:
        relative["nncodec"] = round(sizes["ours_as_a_file"] / sizes["nncodec"], 4)
    return {
        "nonzeros": int(sum(np.count_nonzero(t.indices) for t in weights.values())),
        "weight_bytes": sizes,
        "ours_relative_to": relative,
        "bar_met": {name: relative[name] <= bar for name, bar in BARS.items() if name in relative},
        "file_bytes": len(data),
        "encode_seconds": least_seconds(lambda: encode(network)),
        "decode_seconds": least_seconds(lambda: decode(data)),
        "nncodec": mpeg,
    }


def main() -> None:
    use_one_thread()
    data = load_data(DataConfig(), CACHE)
    reference = load_or_train_reference(NetworkConfig(), data, ReferenceConfig(), CACHE)
    results = []
    for path in FILES:
        shipped = {"tuned_on": False, "file": f"results/{path.parent.name}/{path.name}"}
        results.append({"setting": shipped} | measured(decode(path.read_bytes())))
        print(shipped, results[-1]["weight_bytes"], results[-1]["ours_relative_to"], flush=True)
    for setting in NETWORKS:
        retrain = RetrainConfig(
            tau=setting["tau"], num_epochs=setting["num_epochs"], seed=setting["seed"]
        )
        post_processing = PostProcessingConfig(num_centroids=setting["num_centroids"])
        config = CompressConfig(retrain=retrain, post_processing=post_processing)
        outcome = compress(reference, data, config)
        result = {"setting": setting, "test_error": outcome.test_error}
        results.append(result | measured(decode(outcome.file)))
        print(results[-1]["weight_bytes"], results[-1]["ours_relative_to"], flush=True)
    print(
        write_result("codec_size", [setting["seed"] for setting in NETWORKS], {"networks": results})
    )


if __name__ == "__main__":
    main()
