"""WRN-16-4, a residual network for small colour images of ten classes, 2.7 million parameters.

Sixteen convolutions, four times as wide as the first residual networks for CIFAR-10. Batch norm and
rectifier come before each convolution ("pre-activation").

Source: Zagoruyko & Komodakis 2016, "Wide residual networks", §2 and table 1; initial weights after
He et al. 2015.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from core.networks.convolution import Conv2d
from core.networks.description import NetworkDescription

CIFAR_10_MEANS = (0.4914, 0.4822, 0.4465)
CIFAR_10_STDS = (0.2470, 0.2435, 0.2616)
"""Mean and standard deviation of red, green and blue over the 50,000 training images of CIFAR-10.

They are constants of the network, so that a compressed file needs no data set to be used.
"""

_BLOCKS = 2  # a group: 16 convolutions are 3 groups of 2 blocks of 2, a stem and 3 projections
_WIDTHS = (16, 64, 128, 256)  # channels of the stem and, four times the original ones, the groups


class Standardise(nn.Module):
    """Takes from each channel its mean over a data set and divides by its standard deviation."""

    def __init__(self, means: tuple[float, ...], stds: tuple[float, ...]) -> None:
        super().__init__()
        # not persistent: they are no part of what is trained, stored or compressed
        self.register_buffer("means", torch.tensor(means).view(-1, 1, 1), persistent=False)
        self.register_buffer("stds", torch.tensor(stds).view(-1, 1, 1), persistent=False)
        self.means: Tensor
        self.stds: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Standardise images of values in [0, 1]."""
        return (images - self.means) / self.stds


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut (figure 1a of the paper, in pre-activation order)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU()
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.shortcut = (
            None
            if in_channels == out_channels
            else Conv2d(in_channels, out_channels, 1, stride, bias=False)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Add what the convolutions find to the inputs, or to their projection."""
        activated = self.relu1(self.norm1(inputs))
        shortcut: Tensor = inputs if self.shortcut is None else self.shortcut(activated)
        found: Tensor = self.conv2(self.relu2(self.norm2(self.conv1(activated))))
        return found + shortcut


def _group(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    first = Block(in_channels, out_channels, stride)
    others = [Block(out_channels, out_channels, 1) for _ in range(_BLOCKS - 1)]
    return nn.Sequential(
        OrderedDict((f"block{number}", block) for number, block in enumerate((first, *others), 1))
    )


def _build() -> nn.Module:
    network = nn.Sequential(
        OrderedDict(
            standardise=Standardise(CIFAR_10_MEANS, CIFAR_10_STDS),
            stem=Conv2d(3, _WIDTHS[0], 3, padding=1, bias=False),
            group1=_group(_WIDTHS[0], _WIDTHS[1], 1),
            group2=_group(_WIDTHS[1], _WIDTHS[2], 2),
            group3=_group(_WIDTHS[2], _WIDTHS[3], 2),
            norm=nn.BatchNorm2d(_WIDTHS[3]),
            relu=nn.ReLU(),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            output=nn.Linear(_WIDTHS[3], 10),
        )
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


WRN_16_4 = NetworkDescription(
    name="wrn_16_4",
    build=_build,
    input_shape=(3, 32, 32),
    num_classes=10,
    chains=tuple(
        (f"group{group}.block{block}.conv1", f"group{group}.block{block}.conv2")
        for group in (1, 2, 3)
        for block in range(1, _BLOCKS + 1)
    ),
    source="Zagoruyko & Komodakis 2016",
)
