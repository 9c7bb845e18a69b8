"""LeNet-5-Caffe, the convolutional network of the field's comparisons, 431,080 parameters.

Source: the Caffe variant of LeCun et al. 1998 that Han et al. 2015 and the paper's §6 compress:
two 5x5 convolutions with max-pooling and no rectified linear unit behind them, two dense layers.
"""

from collections import OrderedDict

from torch import nn

from core.networks.description import NetworkDescription


def _build() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 20, 5),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(20, 50, 5),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            hidden1=nn.Linear(4 * 4 * 50, 500),
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
    source="Jia et al. 2014 after LeCun et al. 1998",
)
