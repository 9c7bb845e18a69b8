import numpy as np

from core.codec import (
    ClusteredTensor,
    CompressedNetwork,
    UniformTensor,
    han_bytes,
)
from core.codec.byte_reader import ByteReader
from core.codec.coders import ClusteredHuffmanCoder, UniformHuffmanCoder


def test_the_paper_s_matrix_worked_by_hand() -> None:
    # 12 bits of gaps, 12 of values and 4 of tables (see test_sparse_stream), four entries of 32.
    indices = np.array(
        [[0, 0, 0, 1], [0, 2, 0, 0], [0, 0, 0, 0], [2, 3, 0, 0], [0, 0, 0, 1]], np.int32
    )
    tensor = ClusteredTensor(indices, np.float32([0, 1, 2, 5]))
    assert han_bytes([tensor]) == (12 + 12 + 4 + 4 * 32 + 7) // 8
    assert han_bytes([tensor, tensor]) == 2 * han_bytes([tensor])
    assert han_bytes([]) == 0


def test_zeros_cost_their_codebook_only() -> None:
    assert han_bytes([ClusteredTensor(np.zeros((9, 9), np.int32), np.zeros(3, np.float32))]) == 12


def test_it_counts_the_bits_that_the_file_holds(every_kind: CompressedNetwork) -> None:
    counted = expected = 0
    coder = ClusteredHuffmanCoder()
    for tensor in every_kind.tensors.values():
        if isinstance(tensor, ClusteredTensor):
            payload = coder.encode(tensor)
            assert payload is not None
            bits = coder.decode(ByteReader(payload, 0, len(payload)), tensor.shape)[1]
            counted_bits = bits.positions + bits.values + bits.tables
            expected += (counted_bits + 32 * len(tensor.codebook) + 7) // 8
            counted += han_bytes([tensor])
    assert counted == expected > 0


def test_levels_are_packed_or_coded_whichever_is_smaller() -> None:
    place = np.arange(512)
    even = UniformTensor((place % 32 - 16).astype(np.int32), 0.5, 5)
    skewed = UniformTensor(np.where(place % 16 == 0, place % 32 - 16, 0).astype(np.int32), 0.5, 5)
    coder = UniformHuffmanCoder()
    payloads = [coder.encode(tensor) or b"" for tensor in (even, skewed)]
    even_bits, skewed_bits = (
        coder.decode(ByteReader(payload, 0, len(payload)), (512,))[1] for payload in payloads
    )
    assert (even_bits.positions, even_bits.values, even_bits.tables) == (0, 5 * 512, 2)
    assert skewed_bits.total < even_bits.total / 4
