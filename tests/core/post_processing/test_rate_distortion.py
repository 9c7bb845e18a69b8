"""Weights go where curvature times distance and the length of their code together are least."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.post_processing.rate_distortion import STRAY, assign, code_lengths, curvature

CODEBOOK = torch.tensor([0.0, -1.0, 1.0])


@given(st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=30))
def test_free_bits_leave_every_weight_at_the_nearest_value(values):
    latents = torch.tensor(values)
    count = len(values)
    entries = assign(latents, CODEBOOK, torch.ones(count), torch.rand(count, 3), rate_weight=0.0)
    own = (latents - CODEBOOK[entries]).abs()
    nearest = (latents[:, None] - CODEBOOK).abs().amin(dim=1)
    torch.testing.assert_close(own, nearest)


def test_dear_bits_make_weights_zero_the_flattest_first():
    latents = torch.tensor([0.9, 0.9])
    lengths = torch.tensor([[0.1, 5.0, 5.0]]).expand(2, 3)
    curvatures = torch.tensor([0.1, 10.0])
    assert assign(latents, CODEBOOK, curvatures, lengths, 0.1).tolist() == [0, 2]
    assert assign(latents, CODEBOOK, curvatures, lengths, 1.0).tolist() == [0, 0]


def test_a_weight_is_cheap_among_others_and_dear_alone():
    shape = torch.Size([6, 6])
    indices = torch.zeros(shape, dtype=torch.long)
    indices[:3, :3] = 1
    indices[5, 5] = 1
    places = indices.view(-1).nonzero()[:, 0]
    lengths = code_lengths(shape, places, indices.view(-1)[places], num_entries=3)
    among, alone = lengths[0], lengths[-1]
    assert among[1] < alone[1]
    assert among[0] > alone[0]
    # two others in its row, two in its column, ten non-zeros in all
    used = math.log(10.5 / 11)  # of the values: ten times this one and never the other
    assert among[1].item() == pytest.approx(-math.log(2 * 2 / 10) - used, rel=1e-5)
    assert alone[1].item() == pytest.approx(-math.log(1 / 72) - used, rel=1e-5)
    assert STRAY**2 / 10 < 1 / 72  # which is the least that a position is given


def test_a_value_that_is_used_more_costs_less():
    entries = torch.tensor([1, 1, 1, 2])
    lengths = code_lengths(torch.Size([2, 2]), torch.arange(4), entries, num_entries=3)
    assert bool((lengths[:, 1] < lengths[:, 2]).all())


def test_the_curvature_is_the_fisher_information_of_the_mean_loss():
    # Gradients of single examples of variance 4, averaged over batches of 16, seen for one step.
    second_moment = torch.tensor([4 / 16 * 0.001])
    found = curvature(second_moment, num_steps=1, beta2=0.999, batch_size=16)
    assert found.item() == pytest.approx(4.0, rel=1e-4)


def test_a_weight_without_gradients_keeps_a_floor():
    found = curvature(torch.tensor([0.0, 1.0]), 10_000, 0.999, 1)
    assert found[0] > 0
