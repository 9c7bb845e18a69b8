"""The network of the tutorial: two strided convolutions and two full layers, 642,460 parameters.

Source: Ullrich, "A tutorial on soft weight-sharing for neural network compression", part 1.
"""

from collections import OrderedDict

from torch import nn

from core.networks.convolution import Conv2d
from core.networks.description import NetworkDescription


def _build() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=Conv2d(1, 25, 5, stride=2),
            relu1=nn.ReLU(),
            conv2=Conv2d(25, 50, 3, stride=2),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            hidden1=nn.Linear(50 * 5 * 5, 500),
            relu3=nn.ReLU(),
            output=nn.Linear(500, 10),
        )
    )


TUTORIAL = NetworkDescription(
    name="tutorial",
    build=_build,
    input_shape=(1, 28, 28),
    num_classes=10,
    dropout_after=("relu3",),
    chains=(("conv1", "conv2", "hidden1", "output"),),
    source="Ullrich 2017, the tutorial",
)
