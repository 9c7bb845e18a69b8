import pytest
import torch

from core.networks import NETWORKS, build_network
from core.precision import forward


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_mixed_precision_is_near_full_precision(name: str) -> None:
    torch.manual_seed(0)
    network = build_network(name).eval()
    inputs = torch.rand(4, *NETWORKS[name].input_shape)
    with torch.no_grad():
        full, mixed = (forward(network, inputs, bfloat16) for bfloat16 in (False, True))
        assert torch.equal(full, network(inputs))
    assert mixed.dtype == torch.float32
    assert not torch.equal(mixed, full)
    torch.testing.assert_close(mixed, full, rtol=0.05, atol=0.05 * float(full.abs().max()))


def test_weights_and_gradients_stay_32_bit_floats() -> None:
    network = build_network("lenet_5_caffe")
    forward(network, torch.rand(4, 1, 28, 28), True).sum().backward()
    for parameter in network.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
