"""A convolution that computes with channels last, the fastest plain layout on processors.

Values and state dict are those of ``torch.nn.Conv2d``; only the layout of what it returns differs,
and the pooling and the convolutions behind it follow that layout. ``benchmarks/conv_step.py``
measures what it brings.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d


class Conv2d(nn.Conv2d):
    """Zero-padded convolution whose outputs lie in memory as (batch, height, width, channels).

    The weights themselves keep their ordinary layout, because they may be views of one flat vector
    of all weights; each pass copies them, which costs little beside the pass.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 -- torch's name
        """Convolve a batch of images, (batch, channels, height, width)."""
        # clone, as contiguous() would leave the strides of a single input channel as they are, and
        # torch would take the layout for the ordinary one
        weight = self.weight.clone(memory_format=torch.channels_last)
        return conv2d(
            input, weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )
