import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.networks.convolution import Conv2d


@given(
    channels=st.sampled_from([(1, 4), (3, 8), (5, 1)]),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 2),
    padding=st.integers(0, 2),
    bias=st.booleans(),
)
def test_it_computes_what_torch_s_own_does(
    channels: tuple[int, int], kernel: int, stride: int, padding: int, bias: bool
) -> None:
    ours = Conv2d(*channels, kernel, stride, padding, bias=bias)
    theirs = nn.Conv2d(*channels, kernel, stride, padding, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    inputs = torch.randn(2, channels[0], 9, 8)
    gradients = []
    for layer in (ours, theirs):
        layer(inputs).square().sum().backward()
        gradients.append([parameter.grad for parameter in layer.parameters()])
    torch.testing.assert_close(ours(inputs), theirs(inputs))
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-3)


def test_channels_come_last_in_memory_even_behind_grey_images() -> None:
    outputs = Conv2d(1, 4, 3)(torch.randn(2, 1, 8, 8))
    assert outputs.is_contiguous(memory_format=torch.channels_last)
