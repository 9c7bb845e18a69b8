"""Leaving out the zero component's weights does what assigning every weight would do."""

import pytest
import torch

from core.prior import GaussianMixturePrior, PriorConfig
from core.prior.masking import leave_out_zeros


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("zero_std", [0.3, 0.05, 0.004])
def test_the_zero_component_s_weights_and_no_others_are_left_out(zero_std, dtype):
    weights = 0.4 * torch.randn(10_000, generator=torch.Generator().manual_seed(0), dtype=dtype)
    config = PriorConfig(zero_std_initial=zero_std)
    mixture = GaussianMixturePrior.from_weights(weights, config).mixture
    expected = weights.where(mixture.assign(weights) != 0, 0.0)
    whole = weights.clone()
    before = leave_out_zeros(weights, mixture)
    assert torch.equal(before, whole)
    torch.testing.assert_close(weights, expected, atol=0, rtol=0)
    assert int((weights == 0).sum()) > 0
