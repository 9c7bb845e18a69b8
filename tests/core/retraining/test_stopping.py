"""Trapped and collapsed retrainings are recognised, good ones are left alone."""

import pytest

from core.retraining import RetrainingStopped
from core.retraining.stopping import HopelessnessRule


def watch(nonzero_fractions, relative_losses, widens=False):
    """Feed a run of even epochs to the rule, whose constant predictor has loss 2."""
    rule = HopelessnessRule(constant_loss=2.0, widens=widens)
    for epoch, (nonzeros, loss) in enumerate(
        zip(nonzero_fractions, relative_losses, strict=True), start=1
    ):
        rule.observe(epoch / len(nonzero_fractions), nonzeros, 2.0 * loss)


def test_a_run_whose_non_zeros_hardly_fall_is_trapped():
    with pytest.raises(RetrainingStopped, match=r"trapped: 48.0% of the weights .* 50.0% after"):
        watch([0.5, 0.48, 0.47, 0.46, 0.46] + [0.46] * 5, [0.01] * 10)


def test_many_non_zeros_that_fall_are_no_trap():
    watch([0.5, 0.3, 0.2, 0.1, 0.05] + [0.02] * 5, [0.01] * 10)


def test_few_non_zeros_that_grow_again_are_no_trap():
    watch([0.01, 0.02, 0.03, 0.03, 0.03] + [0.03] * 5, [0.01] * 10)


def test_many_non_zeros_are_no_trap_while_the_zero_component_widens():
    watch([0.5, 0.48, 0.47, 0.46, 0.46] + [0.1] * 5, [0.01] * 10, widens=True)


def test_a_run_that_loses_its_function_is_collapsed():
    with pytest.raises(RetrainingStopped, match=r"collapsed: .* 60% of a constant predictor's"):
        watch([0.01] * 10, [0.02, 0.3, 0.6, 0.9] + [1.0] * 6)


def test_a_run_that_recovers_is_not_collapsed():
    watch([0.01] * 10, [0.5, 0.4, 0.3, 0.2, 0.12, 0.05] + [0.02] * 4)


def test_a_run_of_few_epochs_is_not_judged_before_it_has_a_tenth():
    watch([0.5, 0.5], [0.01, 0.01])


def test_non_zeros_that_begin_few_and_pass_a_tenth_are_no_trap():
    watch([0.07, 0.07, 0.109, 0.12, 0.12] + [0.1] * 5, [0.01] * 10)
