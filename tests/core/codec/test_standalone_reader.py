"""A second decoder, written from the specification, reads what the encoder writes."""

import random
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from core.codec import ClusteredTensor, CompressedNetwork, decode, encode, standalone_reader
from core.errors import CodecError
from tests.core.codec.test_round_trip import tensors

GOLDEN = Path(__file__).parent / "golden"


def check(data: bytes) -> None:
    expected = decode(data).arrays()
    read = standalone_reader.read(data)
    assert list(read) == list(expected)
    for name, array in expected.items():
        assert read[name].shape == array.shape
        assert read[name].dtype == np.float32
        assert np.array_equal(read[name].view(np.uint32), array.view(np.uint32))


@pytest.mark.parametrize("name", ["version_3", "version_4", "version_4_layers", "version_5"])
def test_it_reads_every_kind(name: str) -> None:
    check((GOLDEN / f"{name}.sws").read_bytes())


@given(tensors)
@settings(max_examples=40)
def test_it_reads_every_tensor(tensor: ClusteredTensor) -> None:
    check(encode(CompressedNetwork("", {"a.weight": tensor})))


@pytest.mark.parametrize("shape", [(12, 784), (10, 3, 5, 5), (20, 27)])
def test_it_reads_images_kernels_and_layers_behind_layers(shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    codebook = np.array([0, -0.5, -0.1, 0.1, 0.6], np.float32)
    sparse = (generator.random(shape) < 0.1) * generator.integers(1, 5, shape)
    behind = (generator.random((9, shape[0])) < 0.3) * generator.integers(1, 5, (9, shape[0]))
    network = {
        "a.weight": ClusteredTensor(sparse.astype(np.int32), codebook),
        "b.weight": ClusteredTensor(behind.astype(np.int32), codebook),
    }
    check(encode(CompressedNetwork("", network)))


def test_it_needs_neither_torch_nor_numba() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import standalone_reader; "
        "print(list(standalone_reader.read(open(sys.argv[2], 'rb').read()))[0]); "
        "assert not {'torch', 'numba', 'core'} & set(sys.modules)"
    )
    arguments = [Path(standalone_reader.__file__).parent, GOLDEN / "version_4.sws"]
    done = subprocess.run([sys.executable, "-Ic", program, *arguments], stdout=-1, check=True)
    assert done.stdout.decode().strip() == "hidden.weight"


@pytest.mark.parametrize("version", [4, 5])
def test_it_refuses_what_the_codec_refuses_of_a_changed_file(version: int) -> None:
    body = (GOLDEN / f"version_{version}.sws").read_bytes()[:-4]
    generator = random.Random(0)
    num_decoded = 0
    for _ in range(60):
        changed = bytearray(body)
        changed[generator.randrange(4, len(changed))] = generator.randrange(256)
        data = bytes(changed) + zlib.crc32(changed).to_bytes(4, "little")
        try:
            expected = decode(data, 10**5).arrays()
        except CodecError:
            continue
        read = standalone_reader.read(data, 10**5)
        assert all(np.array_equal(read[name], expected[name], equal_nan=True) for name in expected)
        num_decoded += 1
    assert num_decoded > 0


def test_it_refuses_foreign_and_damaged_files() -> None:
    with pytest.raises(ValueError, match=r"not an \.sws file"):
        standalone_reader.read(b"PK\x03\x04 and so on")
    with pytest.raises(ValueError, match="damaged or cut short"):
        standalone_reader.read((GOLDEN / "version_4.sws").read_bytes()[:-1])
