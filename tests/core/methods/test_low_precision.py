"""Low precision: its steps against closed forms, and the floor that it is for a real file."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.codec import ClusteredTensor, decode
from core.compress import CompressConfig, compress, num_epochs
from core.errors import ConfigError
from core.methods import MethodConfig, MethodName
from core.methods.low_precision import LowPrecisionConfig, as_codebook, uniform_levels
from tests.data_sets import small_data, small_reference


def normal(number: int = 200_000) -> torch.Tensor:
    """Normal numbers at their even quantiles."""
    places = (torch.arange(number, dtype=torch.float64) + 0.5) / number
    return (math.sqrt(2) * torch.erfinv(2 * places - 1)).float()


def expected_error(step: float, highest: int) -> float:
    """Mean squared error of levels up to ``highest`` on normal numbers, by integration."""
    places = torch.linspace(-6, 6, 60_001, dtype=torch.float64)
    density = torch.exp(-places.square() / 2) / math.sqrt(2 * math.pi)
    rounded = (places / step).round().clamp(-highest, highest) * step
    return float(torch.trapezoid(density * (places - rounded).square(), places))


def test_of_three_levels_on_normal_numbers_the_best_step_is_the_one_max_found():
    _, step = uniform_levels(normal(), 2, clip=True)
    assert step == pytest.approx(1.224, abs=0.01)  # Max 1960, table II, three levels


@pytest.mark.parametrize("num_bits", [2, 3, 4, 5])
def test_the_step_has_the_least_expected_error(num_bits):
    highest = 2 ** (num_bits - 1) - 1
    _, step = uniform_levels(normal(), num_bits, clip=True)
    best = min(expected_error(0.01 * n, highest) for n in range(2, 160))
    assert expected_error(step, highest) < 1.01 * best


def test_even_numbers_are_rounded_with_the_error_of_a_uniform_quantiser():
    values = torch.linspace(-1, 1, 100_001)
    levels, step = uniform_levels(values, 6, clip=False)
    assert step == pytest.approx(1 / 31)
    error = float((levels * step - values).square().mean())
    assert error == pytest.approx(step**2 / 12, rel=1e-2)


@given(st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=40), st.integers(2, 8))
def test_values_on_levels_stay_where_they_are(values, num_bits):
    levels, step = uniform_levels(torch.tensor(values), num_bits, clip=False)
    highest = 2 ** (num_bits - 1) - 1
    assert int(levels.abs().max()) <= highest
    assert float((levels * step - torch.tensor(values)).abs().max()) <= 0.5001 * step
    again, same = uniform_levels(levels * step, num_bits, clip=False)
    if levels.any():
        assert same == pytest.approx(step, rel=1e-5)
        assert torch.equal(again, levels)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=20))
def test_a_codebook_gives_the_levels_back(levels):
    tensor = as_codebook("layer", torch.tensor(levels), 0.25)
    assert torch.equal(tensor.codebook[tensor.indices], 0.25 * torch.tensor(levels))
    assert float(tensor.codebook[0]) == 0
    assert len(tensor.codebook) == 1 + len({level for level in levels if level})


def test_nothing_is_trained_and_eight_bits_lose_next_to_nothing():
    config = CompressConfig(method=MethodConfig(name=MethodName.low_precision))
    config.method.low_precision = LowPrecisionConfig(num_bits=8)
    reports = []
    outcome = compress(small_reference(), small_data(), config, reports.append)
    assert (num_epochs(config), reports) == (0, [])
    assert outcome.accuracy_loss == pytest.approx(0, abs=0.005)
    assert 4 < outcome.compression_rate < 8
    tensors = decode(outcome.file).tensors.values()
    assert all(len(t.codebook) <= 255 for t in tensors if isinstance(t, ClusteredTensor))
    assert outcome.trace is not None
    assert not outcome.trace.has_mixture


@pytest.mark.parametrize("num_bits", [1, 9])
def test_other_bits_are_refused(num_bits):
    with pytest.raises(ConfigError, match=r"method.low_precision.num_bits must be from 2 to 8"):
        LowPrecisionConfig(num_bits=num_bits)
