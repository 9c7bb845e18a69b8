"""LeNet-300-100, the fully connected network of the field's comparisons, 266,610 parameters.

Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", III.C; with
rectified linear units as in Han et al. 2015 and in the paper's §6.
"""

from collections import OrderedDict

from torch import nn

from core.networks.description import NetworkDescription


def _build() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            hidden1=nn.Linear(28 * 28, 300),
            relu1=nn.ReLU(),
            hidden2=nn.Linear(300, 100),
            relu2=nn.ReLU(),
            output=nn.Linear(100, 10),
        )
    )


LENET_300_100 = NetworkDescription(
    name="lenet_300_100",
    build=_build,
    input_shape=(1, 28, 28),
    num_classes=10,
    dropout_after=("relu1", "relu2"),
    chains=(("hidden1", "hidden2", "output"),),
    source="LeCun et al. 1998",
)
