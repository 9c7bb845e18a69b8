"""Cross-entropy, distillation and the constant predictor as their yardstick."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from core.data import Split
from core.retraining import ErrorLoss, TrainingSet

LABELS = torch.tensor([0, 1, 2, 2])
REFERENCE = torch.tensor([[4.0, 0, 0], [0, 3, 1], [0, 0, 5], [1, 0, 2]])


def training_set(logits: torch.Tensor, temperature: float) -> TrainingSet:
    """Four examples that are themselves what the reference network answers."""
    split = Split(inputs=logits[:, None, :, None].contiguous(), labels=LABELS)
    return TrainingSet(split, nn.Flatten(), temperature)


def every(logits: torch.Tensor, temperature: float):
    return training_set(logits, temperature).as_it_is(torch.arange(4))


def test_without_distillation_it_is_cross_entropy():
    logits = torch.randn(4, 3)
    found = ErrorLoss(distillation=0.0, temperature=2.0)(logits, every(REFERENCE, 2.0))
    assert found.item() == pytest.approx(functional.cross_entropy(logits, LABELS).item())


@given(temperature=st.floats(0.5, 8))
def test_the_reference_itself_has_no_distillation_loss(temperature):
    loss = ErrorLoss(1.0, temperature)(REFERENCE, every(REFERENCE, temperature))
    assert loss.item() == pytest.approx(0, abs=1e-5)


def test_distillation_is_the_squared_temperature_times_the_divergence():
    target = torch.softmax(REFERENCE[1] / 2, dim=0)
    expected = 4 * (target * (target.log() - math.log(1 / 3))).sum()
    batch = training_set(REFERENCE, 2.0).as_it_is(torch.tensor([1]))
    found = ErrorLoss(1.0, temperature=2.0)(torch.zeros(1, 3), batch)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_constant_predictor_that_knows_the_frequencies_has_their_entropy():
    sure = 50 * functional.one_hot(LABELS, 3).float()
    found = ErrorLoss(0.0, temperature=1.0).of_constant_predictor(training_set(sure, 1.0))
    frequencies = torch.tensor([0.25, 0.25, 0.5])
    entropy = -(frequencies * frequencies.log()).sum().item()
    assert found == pytest.approx(entropy, rel=1e-5)
