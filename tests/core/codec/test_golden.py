"""Files of every format version stay decodable, and this version still writes the same bytes."""

import hashlib
import zlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks import codec_training
from core.codec import ClusteredTensor, CompressedNetwork, decode, describe, encode
from core.codec.heads import CLUSTERED, SHARED_KINDS

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_file_of_every_version_is_decoded(version: int, every_kind: CompressedNetwork) -> None:
    assert decode((GOLDEN / f"version_{version}.sws").read_bytes()) == every_kind


def test_version_5_is_written_as_ever(every_kind: CompressedNetwork) -> None:
    assert encode(every_kind) == (GOLDEN / "version_5.sws").read_bytes()


def test_without_gaps_version_4_is_written_as_ever() -> None:
    noise = np.arange(1, 1 + 60 * 20 + 10 * 60) ** 3 % 65521
    cells = np.where(noise % 16 < 5, 1 + noise // 16 % 4, 0).astype(np.int32)
    hidden, output = cells[: 60 * 20].reshape(60, 20), cells[60 * 20 :].reshape(10, 60)
    codebook = np.array([0, -0.5, -0.25, 0.25, 1.5], np.float32)
    tensors = {
        "hidden.weight": ClusteredTensor(hidden, codebook),
        "output.weight": ClusteredTensor(output, codebook),
    }
    network = CompressedNetwork("layers", tensors)
    golden = (GOLDEN / "version_4_layers.sws").read_bytes()
    assert decode(golden) == network
    assert encode(network) == golden
    assert {t.kind for t in describe(golden).tensors} == {SHARED_KINDS[CLUSTERED]}


def test_the_golden_file_has_the_new_kinds(every_kind: CompressedNetwork) -> None:
    kinds = {tensor.kind for tensor in describe(encode(every_kind)).tensors}
    assert kinds > set(SHARED_KINDS.values())


@pytest.mark.parametrize("version", [3, 4])
def test_the_initial_state_is_the_one_of_the_specification(version: int) -> None:
    state = (ROOT / f"core/codec/initial_state_{version}.bin").read_bytes()
    assert hashlib.sha256(state).hexdigest() in (ROOT / "docs/format.md").read_text("utf-8")


def test_the_initial_state_is_what_training_gives() -> None:
    networks = [decode(path.read_bytes()) for path in codec_training.NETWORKS]
    state = codec_training.stored(codec_training.trained(networks))
    kept = (ROOT / "core/codec/initial_state_4.bin").read_bytes()
    assert zlib.decompress(state) == zlib.decompress(kept)
