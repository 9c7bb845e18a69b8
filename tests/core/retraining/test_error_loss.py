"""Cross-entropy, distillation and the constant predictor as their yardstick."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from core.retraining import ErrorLoss

LABELS = torch.tensor([0, 1, 2, 2])
REFERENCE = torch.tensor([[4.0, 0, 0], [0, 3, 1], [0, 0, 5], [1, 0, 2]])
EVERY = torch.arange(4)


def test_without_distillation_it_is_cross_entropy():
    loss = ErrorLoss.from_reference(REFERENCE, LABELS, distillation=0.0, temperature=2.0)
    logits = torch.randn(4, 3)
    assert loss(logits, EVERY).item() == pytest.approx(
        functional.cross_entropy(logits, LABELS).item()
    )


@given(temperature=st.floats(0.5, 8))
def test_the_reference_itself_has_no_distillation_loss(temperature):
    loss = ErrorLoss.from_reference(REFERENCE, LABELS, 1.0, temperature)
    assert loss(REFERENCE, EVERY).item() == pytest.approx(0, abs=1e-5)


def test_distillation_is_the_squared_temperature_times_the_divergence():
    loss = ErrorLoss.from_reference(REFERENCE, LABELS, 1.0, temperature=2.0)
    target = torch.softmax(REFERENCE[1] / 2, dim=0)
    expected = 4 * (target * (target.log() - math.log(1 / 3))).sum()
    found = loss(torch.zeros(1, 3), torch.tensor([1]))
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_constant_predictor_that_knows_the_frequencies_has_their_entropy():
    sure = 50 * functional.one_hot(LABELS, 3).float()
    loss = ErrorLoss.from_reference(sure, LABELS, distillation=0.0, temperature=1.0)
    frequencies = torch.tensor([0.25, 0.25, 0.5])
    entropy = -(frequencies * frequencies.log()).sum().item()
    assert loss.of_constant_predictor() == pytest.approx(entropy, rel=1e-5)
