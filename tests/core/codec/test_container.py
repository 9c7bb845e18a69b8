"""A file that is not exactly what was written is an error that names a byte, and nothing else."""

import random
import subprocess
import sys
import tracemalloc
import zlib
from itertools import pairwise

import numpy as np
import pytest

from core.codec import (
    ClusteredTensor,
    CodedTensor,
    CompressedNetwork,
    FloatTensor,
    UniformTensor,
    decode,
    describe,
    encode,
)
from core.errors import CodecError


def sealed(body: bytes) -> bytes:
    """``body`` with a checksum that fits."""
    return body + zlib.crc32(body).to_bytes(4, "little")


def assert_refused(data: bytes, message: str = "at byte") -> None:
    with pytest.raises(CodecError, match=message) as caught:
        decode(data)
    assert 0 <= caught.value.offset <= len(data)
    assert f"(at byte {caught.value.offset})" in str(caught.value)


def test_the_header_of_a_four_layer_network_is_at_most_64_bytes() -> None:
    sizes = [784, 300, 200, 100, 10]
    tensors: dict[str, CodedTensor] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        place = np.arange(inputs * outputs).reshape(outputs, inputs)
        indices = np.where(place % 50 == 0, 1 + place % 3, 0).astype(np.int32)
        levels = (np.arange(outputs) % 32 - 16).astype(np.int32)
        tensors[f"hidden{layer}.weight"] = ClusteredTensor(indices, np.float32([0, 1, 2, 3]))
        tensors[f"hidden{layer}.bias"] = UniformTensor(levels, 0.5, 5)
    description = describe(encode(CompressedNetwork("lenet_300_200_100", tensors)))
    header = description.header_bytes + description.checksum_bytes
    header += sum(tensor.header_bytes for tensor in description.tensors)
    assert header <= 64
    assert sum(tensor.name_bytes for tensor in description.tensors) <= 28


def test_a_file_cut_at_any_byte_is_refused(every_kind: CompressedNetwork) -> None:
    data = encode(every_kind)
    for end in range(len(data)):
        assert_refused(data[:end])


def test_a_file_cut_at_any_byte_is_refused_even_with_a_fitting_checksum(
    every_kind: CompressedNetwork,
) -> None:
    data = encode(every_kind)
    num_decoded = 0
    for end in range(len(data) - 4):
        try:
            network = decode(sealed(data[:end]))
        except CodecError as error:
            assert 0 <= error.offset <= end + 4
        else:  # every arithmetic code of a proper end is a file of some network
            assert network != every_kind
            num_decoded += 1
    assert num_decoded <= 8


def test_every_flipped_bit_is_an_error(every_kind: CompressedNetwork) -> None:
    data = encode(every_kind)
    for place in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[place // 8] ^= 1 << place % 8
        assert_refused(bytes(damaged))


def test_bytes_behind_the_file_are_an_error(every_kind: CompressedNetwork) -> None:
    data = encode(every_kind)
    assert_refused(data + b"\0", "damaged or cut short")
    assert_refused(sealed(data[:-4] + b"\0"), "1 bytes are left over behind the last tensor")


def test_damage_behind_a_fitting_checksum_decodes_or_is_refused(
    every_kind: CompressedNetwork,
) -> None:
    body = encode(every_kind)[:-4]
    generator = random.Random(0)
    num_decoded = 0
    for _ in range(300):
        damaged = bytearray(body)
        for _ in range(generator.choice([1, 1, 2, 5])):
            place = generator.randrange(4, len(damaged))
            change = generator.randrange(4)
            if change == 0:
                damaged[place] ^= 1 << generator.randrange(8)
            elif change == 1:
                damaged[place] = generator.randrange(256)
            elif change == 2:
                del damaged[place : place + generator.randrange(1, 4)]
            else:
                damaged[place:place] = generator.randbytes(generator.randrange(1, 4))
        data = sealed(bytes(damaged))
        try:
            network = decode(data, max_elements=10**4)
        except CodecError as error:
            assert 0 <= error.offset <= len(data)
        else:
            num_decoded += 1
            if num_decoded % 10 == 0:
                assert decode(encode(network)) == network
    assert 0 < num_decoded < 300


@pytest.mark.parametrize("data", [b"", b"SWS", b"PK\x03\x04 and so on", b"sws\x01" + bytes(50)])
def test_a_foreign_file_is_named_as_such(data: bytes) -> None:
    assert_refused(data, "not an .sws file")


def test_another_version_is_named_with_the_one_that_can_be_read() -> None:
    assert_refused(sealed(b"SWS\x06\x00\x00"), "format version 6, but .* reads versions 1 to 5 ")


def test_random_bytes_are_refused() -> None:
    generator = random.Random(1)
    for _ in range(500):
        assert_refused(sealed(b"SWS\x01" + generator.randbytes(generator.randrange(40))))


def record(name: bytes, rest: bytes) -> bytes:
    return bytes([0, len(name)]) + name + rest


ONE_FLOAT = bytes([3 << 4 | 0, 4]) + bytes(4)


@pytest.mark.parametrize(
    ("body", "message", "offset"),
    [
        (b"\x00\x02" + 2 * record(b"a", ONE_FLOAT), "two tensors have the name 'a'", 15),
        (b"\x00\x01" + record(b"a", b"\x91\x01\x00"), "'a' has kind 9, but .* knows 1, 2, 3", 9),
        (b"\x00\x01" + record(b"a", b"\x3f\x00"), "shape from the tensor before", 9),
        (b"\x00\x01" + record(b"\xff", ONE_FLOAT), "no UTF-8 text", 6),
        (b"\x01\xff\x00", "network's name is no UTF-8 text", 4),
        (b"\x00\x01\x03\x00" + ONE_FLOAT, "shares 1 bytes with one of 0", 7),
        (b"\x00\x01" + record(b"a", b"\x30\x05" + bytes(4)), "needs 5 bytes, but only 4", 11),
        (b"\x00\x01" + record(b"a", b"\x31\x02\x04" + bytes(4)), "do not hold 2 float32", 12),
        (b"\x00\x01" + record(b"a", b"\x20\x06\x08\x00\x00\x80\x7f\x00"), "not finite", 12),
        (b"\x00\x01" + record(b"a", b"\x20\x06\x08\x00\x00\x80\x7e\x00"), "too large", 16),
        (b"\x00\x01" + record(b"a", b"\x20\x06\x08\x00\x00\x80\xbf\x00"), "negative", 16),
        (b"\x00\x05", "a tensor's name needs 1 bytes, but only 0 are left", 6),
        (b"\x00" + b"\xff" * 9, "is not below 2", 14),
    ],
)
def test_a_broken_record_is_named_with_its_byte(body: bytes, message: str, offset: int) -> None:
    with pytest.raises(CodecError, match=message) as caught:
        decode(sealed(b"SWS\x01" + body))
    assert caught.value.offset == offset


def file_of_zeros(*axes: bytes) -> bytes:
    """A file with one clustered tensor of zeros, its axes given as bytes."""
    head = bytes([1 << 4 | len(axes)])
    return sealed(b"SWS\x01\x00\x01" + record(b"", head + b"".join(axes) + b"\x03\x02\0\0"))


@pytest.mark.parametrize(
    "axes",
    [
        (b"\x80\x80\x80\x80\x04",),  # 2**30 elements
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",),  # 2**63 - 1
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",) * 14,
        (b"\x00", b"\x80\x80\x80\x80\x04"),  # none, but an axis of 2**30
    ],
)
def test_a_file_that_declares_too_many_elements_is_refused(axes: tuple[bytes, ...]) -> None:
    data = file_of_zeros(*axes)
    tracemalloc.start()
    with pytest.raises(CodecError, match="max_elements is 268435456; raise it") as caught:
        decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.offset == 8
    assert peak < 1_000_000


def test_the_limit_on_elements_holds_over_all_tensors(every_kind: CompressedNetwork) -> None:
    data = encode(every_kind)
    num_elements = sum(max(array.size, 3) for array in every_kind.arrays().values())
    with pytest.raises(CodecError, match="declare 2300 elements more than max_elements"):
        decode(data, max_elements=100)
    assert decode(data, max_elements=num_elements) == every_kind


def test_memory_is_bounded_by_what_is_declared() -> None:
    # A million equal, non-zero weights in about 30 bytes.
    indices = np.ones((1000, 1000), np.int32)
    network = CompressedNetwork("", {"w": ClusteredTensor(indices, np.float32([0, 1]))})
    data = encode(network)
    assert len(data) < 40
    tracemalloc.start()
    decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 4 * indices.size


def test_equal_networks_give_equal_bytes_in_another_process(every_kind: CompressedNetwork) -> None:
    data = encode(every_kind)
    program = (
        "import sys; from core.codec import decode, encode; "
        "data = sys.stdin.buffer.read(); sys.stdout.buffer.write(encode(decode(data))); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], input=data, stdout=-1, check=True)
    assert done.stdout == data


def test_floats_are_kept_bit_for_bit() -> None:
    bits = np.array([0x7F800001, 0xFFC12345, 0x80000000, 0x00000001], np.uint32)
    network = CompressedNetwork("", {"f": FloatTensor(bits.view(np.float32))})
    assert decode(encode(network)).arrays()["f"].view(np.uint32).tolist() == bits.tolist()
