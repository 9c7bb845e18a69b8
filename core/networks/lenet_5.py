"""LeNet-5 as Caffe ships it, the convolutional network of the field's comparisons, and a small one.

It has 431,080 parameters. Nothing but pooling follows its convolutions: no rectifier. The small one
is a student for those who have the large one: 18,386 parameters, as many units as the best
shrinking known leaves of the other (``conf/experiment/lenet_5_caffe.yaml``).

Source: Jia et al. 2014, "Caffe: convolutional architecture for fast feature embedding", the
example network for MNIST; after LeCun et al. 1998.
"""

from collections import OrderedDict
from functools import partial

from torch import nn

from core.networks.convolution import Conv2d
from core.networks.description import NetworkDescription


def _build(units: tuple[int, int, int]) -> nn.Module:
    first, second, hidden = units
    return nn.Sequential(
        OrderedDict(
            conv1=Conv2d(1, first, 5),
            pool1=nn.MaxPool2d(2),
            conv2=Conv2d(first, second, 5),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            hidden1=nn.Linear(second * 4 * 4, hidden),
            relu1=nn.ReLU(),
            output=nn.Linear(hidden, 10),
        )
    )


def _describe(name: str, units: tuple[int, int, int], source: str) -> NetworkDescription:
    return NetworkDescription(
        name=name,
        build=partial(_build, units),
        input_shape=(1, 28, 28),
        num_classes=10,
        dropout_after=("relu1",),
        chains=(("conv1", "conv2", "hidden1", "output"),),
        source=source,
    )


LENET_5_CAFFE = _describe("lenet_5_caffe", (20, 50, 500), source="Jia et al. 2014")
LENET_5_SMALL = _describe("lenet_5_small", (8, 16, 56), source="after Jia et al. 2014")
