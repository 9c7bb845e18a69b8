"""Deep compression: what is left of normal weights has a closed form, and shares few values."""

import math

import pytest
import torch
from torch import nn

from core.codec import ClusteredTensor, decode
from core.compress import CompressConfig, compress
from core.errors import ConfigError
from core.methods import MethodConfig, MethodName
from core.methods.deep_compression import (
    DeepCompressionConfig,
    IterativePruning,
    beginnings,
    share_weights,
    threshold,
)
from core.methods.training import train
from core.post_processing import PostProcessingConfig
from core.post_processing.quantisation import k_means
from core.retraining import FlatWeights, RetrainConfig
from tests.core.methods.beginnings import beginning, retrain_config
from tests.data_sets import small_data, small_reference


def beyond(limit: float) -> float:
    """Share of normal numbers with a larger magnitude."""
    return math.erfc(limit / math.sqrt(2))


def spread_beyond(limit: float) -> float:
    """Standard deviation of those, by the moments of the truncated normal distribution."""
    density = math.exp(-(limit**2) / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 + 2 * limit * density / beyond(limit))


def normal_layer(num_units: int = 400) -> tuple[nn.Module, FlatWeights]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(num_units, num_units))
    weights = FlatWeights.from_network(network)
    weights.values.normal_(0, 0.1)
    return network, weights


def test_a_threshold_is_in_standard_deviations_of_what_is_left():
    assert threshold(torch.tensor([-0.3, 0.3, 0.1, -0.1]), 2.0) == pytest.approx(
        2 * math.sqrt(0.2 / 3)
    )


def test_rounds_on_normal_weights_leave_the_shares_that_the_truncated_moments_give():
    _, weights = normal_layer()
    pruning = IterativePruning(weights, DeepCompressionConfig(quality=1.0))
    limit = 1.0
    for _ in range(3):
        pruning.prune()
        assert pruning.nonzero_fraction() == pytest.approx(beyond(limit), rel=0.05)
        limit = spread_beyond(limit)
    assert torch.equal(weights.values != 0, pruning.kept)


def test_the_largest_weight_stays_whatever_the_quality():
    _, weights = normal_layer(10)
    pruning = IterativePruning(weights, DeepCompressionConfig(quality=100.0))
    pruning.prune()
    assert int(pruning.kept.sum()) == 1


def test_rounds_begin_evenly_until_the_last_one():
    config = DeepCompressionConfig(num_prunings=4, last_pruning=0.6)
    assert beginnings(100, config) == [0, 20, 40, 60]
    assert beginnings(100, DeepCompressionConfig(num_prunings=1)) == [0]
    assert beginnings(2, config) == [0, 0, 1, 1]  # more rounds than steps: all of them, still


def test_a_round_begins_at_each_share_of_the_training_and_nothing_returns():
    reports = []
    start, weights = beginning(6, reports)
    config = DeepCompressionConfig(quality=1.0, num_prunings=3, last_pruning=2 / 3)
    pruning = IterativePruning(weights, config)
    train(start, weights, retrain_config(6), "prune", pruning)
    shares = [report.nonzero_fraction for report in reports]
    assert shares[0] == shares[1] > shares[2] == shares[3] > shares[4] == shares[5]
    assert torch.equal(pruning.weights.values != 0, pruning.kept)
    assert reports[-1].validation_error < 0.1


def test_k_means_can_begin_evenly_between_the_extremes():
    """Han et al. 2015, §3.2: few large weights then have a centroid of their own."""
    values = torch.cat([torch.linspace(-0.1, 0.1, 999), torch.tensor([1.0])])
    begin = torch.linspace(-0.1, 1.0, 4)
    assert k_means(values, 4, begin).bincount().tolist()[-1] == 1
    assert k_means(values, 4).bincount().tolist()[-1] > 1


def test_a_layer_shares_two_to_the_bits_values_a_convolution_its_own_number():
    torch.manual_seed(0)
    config = DeepCompressionConfig(bits=2, convolution_bits=3)
    for shape, most in (((40, 30), 4), ((8, 4, 5, 5), 8)):
        values = torch.randn(shape)
        tensor = share_weights("layer", values, values.abs() > 0.5, config)
        assert len(tensor.codebook) == 1 + most
        assert torch.equal(tensor.indices == 0, values.abs() <= 0.5)
        for entry in range(1, 1 + most):
            members = values[tensor.indices == entry]
            assert float(tensor.codebook[entry]) == pytest.approx(float(members.mean()), abs=1e-6)
    empty = share_weights("layer", torch.zeros(3, 3), torch.zeros(3, 3).bool(), config)
    assert len(empty.codebook) == 1


def test_a_file_has_the_shared_values_and_no_weight_moved_after_pruning():
    config = CompressConfig(
        retrain=RetrainConfig(num_epochs=4, batch_size=50, lr_weights=2e-3),
        post_processing=PostProcessingConfig(fine_tuning_epochs=2, drop_dead_units=False),
        method=MethodConfig(name=MethodName.deep_compression),
    )
    config.method.deep_compression = DeepCompressionConfig(num_prunings=2, bits=3)
    reports = []
    outcome = compress(small_reference(), small_data(), config, reports.append)
    assert outcome.accuracy_loss < 0.05
    tensors = decode(outcome.file).tensors.values()
    assert all(len(t.codebook) <= 9 for t in tensors if isinstance(t, ClusteredTensor))
    assert outcome.nonzero_fraction == pytest.approx(reports[3].nonzero_fraction, abs=1e-6)
    assert outcome.han_compression_rate > 15


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"last_pruning": 1.0}, r"last_pruning must be >= 0 and < 1, but got 1.0"),
        ({"quality": -1.0}, r"deep_compression.quality must be >= 0, but got -1.0"),
        ({"num_prunings": 0}, r"deep_compression.num_prunings must be >= 1, but got 0"),
        ({"bits": 9}, r"deep_compression.bits must be from 1 to 8, but got 9"),
    ],
)
def test_a_wrong_configuration_names_key_rule_and_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        DeepCompressionConfig(**changes)
