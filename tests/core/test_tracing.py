"""What the recorder takes down, on networks small enough to count by hand and on a real one."""

import numpy as np
import pytest
import torch
from torch import nn

from core.codec import decode
from core.compress import CompressConfig, compress
from core.outcome import CompressionOutcome
from core.post_processing import PostProcessingConfig
from core.prior import GaussianMixturePrior, PriorConfig
from core.retraining import FlatWeights, RetrainConfig
from core.trace import Trace
from core.tracing import MAX_SAMPLED, TraceRecorder
from tests.data_sets import small_data, small_reference


def images_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.Linear(4, 3))


def zeros(network: nn.Module) -> dict[str, np.ndarray]:
    return {n: np.zeros(p.shape, np.float32) for n, p in network.named_parameters()}


def recorded(network: nn.Module, decoded: dict[str, np.ndarray]) -> Trace:
    """A retraining that moved every weight by a tenth, over images of 2 x 3."""
    weights = FlatWeights.from_network(network)
    prior = GaussianMixturePrior.from_weights(weights.values, PriorConfig(num_components=4))
    recorder = TraceRecorder(weights, prior.mixture, (1, 2, 3))
    weights.values.add_(0.1)
    prior.mixture.means[1:] += 1
    recorder.epoch(prior.mixture)
    recorder.retrained()
    weights.values.zero_()  # what comes after the retraining leaves no mark
    return recorder.finish(decoded)


@pytest.fixture
def trace() -> Trace:
    first = np.zeros((4, 6), np.float32)
    first[2, 5] = 0.75
    return recorded(
        images_network(), {"1.weight": first, "2.weight": np.eye(3, 4, dtype=np.float32)}
    )


def test_the_mixture_is_taken_down_before_the_first_and_after_every_epoch(trace: Trace) -> None:
    assert trace.means.shape == trace.stds.shape == trace.mixing_proportions.shape == (2, 4)
    np.testing.assert_allclose(trace.means[1, 1:], trace.means[0, 1:] + 1, rtol=1e-6)
    assert list(trace.means[:, 0]) == [0, 0]
    np.testing.assert_allclose(trace.mixing_proportions.sum(axis=1), 1, rtol=1e-6)


def test_every_weight_is_counted_at_each_moment(trace: Trace) -> None:
    assert trace.layers == ("1.weight", "2.weight")
    assert list(trace.num_weights) == [24, 12]
    assert list(trace.num_nonzeros) == [1, 3]
    assert list(trace.counts.sum(axis=1)) == [36, 36, 36]
    middle = trace.counts.shape[1] // 2
    assert trace.bin_edges[middle] < 0 < trace.bin_edges[middle + 1]
    assert trace.counts[2, middle] == 32
    assert trace.counts[2, -1] == 3  # the ones, at the edge of the grid


def test_a_small_network_is_sampled_whole_and_in_order(trace: Trace) -> None:
    network = images_network().state_dict()
    before = torch.cat([network["1.weight"].ravel(), network["2.weight"].ravel()]).numpy()
    np.testing.assert_allclose(trace.sample_before, before, rtol=1e-3)
    np.testing.assert_allclose(trace.sample_after, before + 0.1, rtol=2e-3, atol=1e-4)
    assert list(trace.sample_layers) == [0] * 24 + [1] * 12


def test_a_first_layer_on_images_shows_the_units_that_still_live(trace: Trace) -> None:
    (filters,) = trace.filters
    assert (filters.layer, list(filters.units)) == ("1.weight", [2])
    assert (filters.is_convolution, filters.num_units, filters.num_living) == (False, 4, 1)
    assert filters.before.shape == (1, 1, 2, 3)
    assert filters.decoded[0, 0, 1, 2] == 0.75


def test_convolutions_show_all_filters_of_the_first_two_layers() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 2), nn.Linear(2, 2)
    )
    decoded = zeros(network)
    shown = [(f.layer, f.before.shape) for f in recorded(network, decoded).filters]
    assert shown == [("0.weight", (2, 1, 3, 3)), ("1.weight", (3, 2, 3, 3))]


def test_inputs_that_are_no_images_give_no_pictures() -> None:
    network = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3))
    decoded = zeros(network)
    assert recorded(network, decoded).filters == ()


def test_a_component_that_is_gone_leaves_no_numbers() -> None:
    weights = FlatWeights.from_network(images_network())
    recorder = TraceRecorder(
        weights, GaussianMixturePrior.from_weights(weights.values, PriorConfig()).mixture, (6,)
    )
    few = GaussianMixturePrior.from_weights(weights.values, PriorConfig(num_components=3))
    recorder.epoch(few.mixture)
    trace = recorder.finish(zeros(images_network()))
    assert list(np.isnan(trace.means).sum(axis=1)) == [0, trace.means.shape[1] - 3]


@pytest.fixture(scope="module")
def outcome() -> CompressionOutcome:
    config = CompressConfig(
        retrain=RetrainConfig(num_epochs=2, batch_size=128, stop_hopeless=False),
        post_processing=PostProcessingConfig(fine_tuning_epochs=1),
    )
    return compress(small_reference(), small_data(), config)


def test_a_compression_leaves_the_trace_of_its_file(outcome: CompressionOutcome) -> None:
    trace = outcome.trace
    assert trace is not None
    assert trace.num_epochs == 2
    arrays = decode(outcome.file).arrays()
    flat = np.concatenate([arrays[name].ravel() for name in trace.layers])
    # The units may stand in another order there, so the weights are compared as they sort.
    assert int(trace.num_nonzeros.sum()) == np.count_nonzero(flat)
    kept = trace.sample_decoded[trace.sample_decoded != 0]
    assert len(kept) == min(np.count_nonzero(flat), MAX_SAMPLED)
    assert set(kept) <= set(flat.astype(np.float16))
    reference = small_reference().state[trace.layers[0]].numpy()
    filters = trace.filters[0]
    shown = reference[filters.units].reshape(filters.before.shape)
    np.testing.assert_allclose(filters.before, shown, atol=1e-3)


def test_a_trace_takes_little_room(outcome: CompressionOutcome) -> None:
    assert outcome.trace is not None
    assert len(outcome.trace.to_bytes()) < 300_000
