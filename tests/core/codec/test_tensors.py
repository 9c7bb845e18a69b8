import numpy as np
import pytest

from core.codec import ClusteredTensor, CompressedNetwork, FloatTensor, UniformTensor

ZERO_AND_ONE = np.array([0.0, 1.0], np.float32)


def test_values_are_looked_up_in_the_codebook() -> None:
    tensor = ClusteredTensor(np.array([[0, 2], [1, 0]], np.int32), np.float32([0, -1.5, 0.25]))
    assert tensor.values().tolist() == [[0.0, 0.25], [-1.5, 0.0]]


def test_values_of_levels_are_multiples_of_the_step_in_float32() -> None:
    tensor = UniformTensor(np.array([-3, 0, 2], np.int32), step=0.1, num_bits=3)
    assert np.array_equal(tensor.values(), np.float32([-3, 0, 2]) * np.float32(0.1))


def test_coded_arrays_are_read_only_and_decoded_ones_are_not() -> None:
    floats = FloatTensor(np.ones(2, np.float32))
    network = CompressedNetwork("net", {"a": floats})
    with pytest.raises(ValueError, match="read-only"):
        floats.values[0] = 2.0
    network.arrays()["a"][0] = 2.0
    assert floats.values.tolist() == [1.0, 1.0]


def test_a_negative_zero_at_the_start_of_a_codebook_becomes_positive() -> None:
    codebook = np.array([-0.0, 1.0], np.float32)
    assert not np.signbit(ClusteredTensor(np.zeros(1, np.int32), codebook).codebook[0])
    assert np.signbit(codebook[0])


def test_tensors_are_equal_bit_for_bit() -> None:
    nan = np.array([0x7FC00001], np.uint32).view(np.float32)
    other_nan = np.array([0x7FC00002], np.uint32).view(np.float32)
    assert FloatTensor(nan) == FloatTensor(nan.copy())
    assert FloatTensor(nan) != FloatTensor(other_nan)
    assert FloatTensor(np.float32([0.0])) != FloatTensor(np.float32([-0.0]))
    assert FloatTensor(np.zeros((1, 2), np.float32)) != FloatTensor(np.zeros((2, 1), np.float32))


@pytest.mark.parametrize(
    ("indices", "codebook", "message"),
    [
        (np.zeros(2, np.int32), np.float32([1.0, 0.0]), "start with 0.0"),
        (np.zeros(2, np.int32), np.float32([1e-40, 1.0]), "start with 0.0"),
        (np.zeros(2, np.int32), np.float32([0.0, np.nan]), "finite"),
        (np.zeros(2, np.int32), np.zeros(0, np.float32), "1 to 65536 entries"),
        (np.zeros(2, np.int32), np.zeros(65537, np.float32), "1 to 65536 entries"),
        (np.zeros(2, np.int32), np.zeros((1, 1), np.float32), "one axis"),
        (np.array([0, 2], np.int32), ZERO_AND_ONE, r"indices must be in \[0, 2\), but got 0 to 2"),
        (np.array([0, -1], np.int32), ZERO_AND_ONE, "indices must be in"),
        (np.zeros((1,) * 15, np.int32), ZERO_AND_ONE, "at most 14 axes"),
    ],
)
def test_a_clustered_tensor_checks_its_arrays(
    indices: np.ndarray, codebook: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ClusteredTensor(indices, codebook)


@pytest.mark.parametrize("dtype", [np.int64, np.uint32, np.float32])
def test_indices_of_another_type_are_refused(dtype: type) -> None:
    # A TypeError where the annotations are checked at run time, which is before our own check.
    with pytest.raises((ValueError, TypeError), match="int32"):
        ClusteredTensor(np.zeros(2, dtype), ZERO_AND_ONE)


@pytest.mark.parametrize(
    ("levels", "step", "num_bits", "message"),
    [
        ([16], 0.5, 5, r"levels must be in \[-16, 15\] at 5 bits, but got 16 to 16"),
        ([-17], 0.5, 5, "levels must be in"),
        ([0], 0.5, 0, r"num_bits must be in \[1, 16\]"),
        ([0], 0.5, 17, "num_bits"),
        ([0], -0.5, 5, "step must be >= 0 and all levels times step finite"),
        ([0], 1e39, 5, "step"),
        ([0], 1e38, 5, "step"),
        ([0], float("nan"), 5, "step"),
    ],
)
def test_a_uniform_tensor_checks_its_values(
    levels: list[int], step: float, num_bits: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        UniformTensor(np.array(levels, np.int32), step, num_bits)


@pytest.mark.parametrize("name", ["\ud800", "x" * 1025, "ж" * 513])
def test_names_that_no_file_can_hold_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name must"):
        CompressedNetwork("net", {name: FloatTensor(np.zeros(1, np.float32))})
    with pytest.raises(ValueError, match="a name must"):
        CompressedNetwork(name, {})
