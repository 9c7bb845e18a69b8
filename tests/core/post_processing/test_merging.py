"""Merging by KL divergence and Eq. 8 of the paper."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.post_processing import merge_components
from core.post_processing.merging import kl_divergence
from core.prior import GaussianMixture


def mixture_of(*components: tuple[float, float, float]) -> GaussianMixture:
    """Build a mixture from (proportion, mean, std) triples, the zero component first."""
    proportions, means, stds = torch.tensor(components, dtype=torch.float64).T
    return GaussianMixture(
        means=means,
        log_precisions=-2 * stds.log(),
        zero_mixing_logit=torch.logit(proportions[0]),
        mixing_logits=proportions[1:].log(),
    )


def test_equation_8_averages_means_and_variances_by_the_mixing_proportions():
    mixture = mixture_of(
        (0.9, 0.0, 0.01), (0.06, 0.50, 0.10), (0.03, 0.53, 0.12), (0.01, -0.5, 0.1)
    )
    merged = merge_components(mixture, threshold=0.2, num_weights=10_000)
    assert merged.num_components == 3
    means, stds = merged.means[1:], merged.stds[1:]
    assert means[0].item() == pytest.approx((0.06 * 0.50 + 0.03 * 0.53) / 0.09)
    assert stds[0].item() == pytest.approx(math.sqrt((0.06 * 0.01 + 0.03 * 0.0144) / 0.09))
    proportions = merged.log_mixing_proportions().exp()
    assert proportions.tolist() == pytest.approx([0.9, 0.09, 0.01])


def test_the_zero_component_stays_exactly_at_zero():
    mixture = mixture_of((0.9, 0.0, 0.05), (0.05, 0.001, 0.05), (0.05, 1.0, 0.05))
    merged = merge_components(mixture, threshold=0.01, num_weights=1_000)
    assert merged.means[0].item() == 0.0
    assert merged.log_mixing_proportions().exp().tolist() == pytest.approx([0.95, 0.05])


def test_a_component_without_a_weight_is_dropped_before_it_can_merge():
    mixture = mixture_of((0.9, 0.0, 0.01), (0.1 - 1e-9, 0.5, 0.1), (1e-9, 0.5, 5.0))
    merged = merge_components(mixture, threshold=math.inf, num_weights=1_000)
    assert merged.stds.tolist() == pytest.approx([0.01, 0.1])


def test_far_components_are_left_alone_and_the_input_is_not_touched():
    mixture = mixture_of((0.9, 0.0, 0.01), (0.05, 0.5, 0.1), (0.05, -0.5, 0.1))
    before = [parameter.clone() for parameter in mixture.parameters()]
    merged = merge_components(mixture, threshold=1e-2, num_weights=1_000)
    torch.testing.assert_close(merged.means, mixture.means)
    torch.testing.assert_close(merged.stds, mixture.stds)
    for parameter, was in zip(mixture.parameters(), before, strict=True):
        assert torch.equal(parameter, was)


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), st.floats(-1, 1), st.floats(0.01, 1)), min_size=1, max_size=8
    ),
    st.floats(0, 10),
)
def test_merging_keeps_the_total_and_leaves_no_close_pair(others, threshold):
    total = sum(p for p, _, _ in others)
    components = [(0.5, 0.0, 0.02)] + [(0.5 * p / total, m, s) for p, m, s in others]
    merged = merge_components(mixture_of(*components), threshold, num_weights=10**9)
    assert merged.log_mixing_proportions().exp().sum().item() == pytest.approx(1)
    assert merged.means[0].item() == 0.0
    if merged.num_components > 2:
        divergence = kl_divergence(merged.means, merged.stds.square()).fill_diagonal_(math.inf)
        assert divergence.min().item() >= threshold * (1 - 1e-9)


def test_the_divergence_of_two_normals_is_the_closed_form():
    p = torch.distributions.Normal(0.1, 0.2)
    q = torch.distributions.Normal(-0.3, 0.5)
    found = kl_divergence(torch.tensor([0.1, -0.3]), torch.tensor([0.04, 0.25]))
    assert found[0, 1].item() == pytest.approx(torch.distributions.kl_divergence(p, q).item())
    assert found[1, 0].item() == pytest.approx(torch.distributions.kl_divergence(q, p).item())


def test_dead_components_can_be_kept():
    mixture = GaussianMixture(
        means=torch.tensor([0.0, -1.0, 1.0], dtype=torch.float64),
        log_precisions=torch.full((3,), 6.0, dtype=torch.float64),
        zero_mixing_logit=torch.tensor(2.0, dtype=torch.float64),
        mixing_logits=torch.tensor([0.0, -30.0], dtype=torch.float64),
    )
    assert merge_components(mixture, 1e-2, 100).num_components == 2
    assert merge_components(mixture, 1e-2, 100, drop_dead=False).num_components == 3
