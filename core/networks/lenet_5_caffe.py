"""LeNet-5 as Caffe ships it, the convolutional network of the field's comparisons.

It has 431,080 parameters. Nothing but pooling follows its convolutions: no rectifier.

Source: Jia et al. 2014, "Caffe: convolutional architecture for fast feature embedding", the
example network for MNIST; after LeCun et al. 1998.
"""

from collections import OrderedDict

from torch import nn

from core.networks.convolution import Conv2d
from core.networks.description import NetworkDescription


def _build() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=Conv2d(1, 20, 5),
            pool1=nn.MaxPool2d(2),
            conv2=Conv2d(20, 50, 5),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            hidden1=nn.Linear(50 * 4 * 4, 500),
            relu1=nn.ReLU(),
            output=nn.Linear(500, 10),
        )
    )


LENET_5_CAFFE = NetworkDescription(
    name="lenet_5_caffe",
    build=_build,
    input_shape=(1, 28, 28),
    num_classes=10,
    dropout_after=("relu1",),
    chains=(("conv1", "conv2", "hidden1", "output"),),
    source="Jia et al. 2014",
)
