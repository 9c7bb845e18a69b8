"""Assignment of weights to codebook entries, and low-precision biases."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.post_processing import quantise_uniformly
from core.post_processing.quantisation import (
    QuantisedTensor,
    k_means,
    quantise_tensor,
    tidy_codebook,
)

values_lists = st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=60)


def test_an_entry_is_the_mean_of_the_weights_its_component_claims():
    values = torch.tensor([[0.01, 0.4], [0.6, -1.0]])
    components = torch.tensor([[0, 2], [2, 1]])
    tensor = quantise_tensor("weight", values, components, num_centroids=None)
    assert tensor.indices.tolist() == [[0, 2], [2, 1]]
    torch.testing.assert_close(tensor.codebook, torch.tensor([0.0, -1.0, 0.5]))
    assert tensor.num_nonzeros == 3


def test_a_tensor_that_is_all_zero_has_a_codebook_of_zero_alone():
    tensor = quantise_tensor("weight", torch.randn(3, 2), torch.zeros(3, 2).long(), 4)
    assert tensor.codebook.tolist() == [0.0]
    assert tensor.num_nonzeros == 0


@given(values_lists, st.integers(1, 8))
def test_quantising_twice_changes_nothing(values, num_centroids):
    weights = torch.tensor(values)
    components = (weights.abs() > 0.1).long()
    once = quantise_tensor("weight", weights, components, num_centroids)
    snapped = once.codebook[once.indices]
    twice = quantise_tensor("weight", snapped, components, num_centroids)
    torch.testing.assert_close(twice.codebook[twice.indices], snapped)


@given(values_lists, st.integers(1, 8))
def test_k_means_leaves_every_value_at_its_nearest_centroid(values, num_centroids):
    weights = torch.tensor(values)
    clusters = k_means(weights, num_centroids)
    found = sorted(set(clusters.tolist()))
    assert found == list(range(len(found)))
    assert len(found) <= num_centroids
    centroids = torch.stack([weights.double()[clusters == c].mean() for c in found])
    nearest = (weights.double()[:, None] - centroids).abs().min(dim=1).values
    own = (weights.double() - centroids[clusters]).abs()
    torch.testing.assert_close(own, nearest, atol=1e-6, rtol=0)


@given(values_lists, st.integers(2, 16))
def test_biases_round_to_levels_that_fit_and_are_off_by_little(values, num_bits):
    biases = torch.tensor(values)
    levels, step = quantise_uniformly(biases, num_bits)
    assert levels.min() >= -(2 ** (num_bits - 1))
    assert levels.max() <= 2 ** (num_bits - 1) - 1
    error = (levels * step - biases).norm().item()
    covering = biases.abs().max().item() / (2 ** (num_bits - 1) - 1)
    covered = (biases / max(covering, 1e-30)).round() * covering
    # The covering step is among those tried, rounded to half precision: that moves a level by at
    # most one part in 2,048, and the step never falls below half precision's normal numbers.
    floor = len(values) ** 0.5 * torch.finfo(torch.half).tiny / 2
    assert error <= (covered - biases).norm().item() + covered.norm().item() / 2047 + floor + 1e-6


def test_zero_biases_stay_zero():
    levels, step = quantise_uniformly(torch.zeros(4), 5)
    assert levels.tolist() == [0, 0, 0, 0]
    assert step == 1.0


def test_more_bits_come_nearer():
    biases = torch.linspace(-1, 1, 37)
    errors = []
    for num_bits in (3, 5, 8):
        levels, step = quantise_uniformly(biases, num_bits)
        errors.append((levels * step - biases).abs().max().item())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == pytest.approx(0, abs=0.01)


def test_a_tidy_codebook_ascends_without_unused_or_repeated_entries_and_keeps_the_values():
    indices = torch.tensor([[0, 3], [1, 4]])
    tensor = QuantisedTensor("weight", indices, torch.tensor([0.0, 2.0, 9.0, -1.0, 2.0]))
    values = tensor.codebook[tensor.indices]
    tidy_codebook(tensor)
    assert tensor.codebook.tolist() == [0.0, -1.0, 2.0]
    assert torch.equal(tensor.codebook[tensor.indices], values)
