"""Parametrised tensors become plain ones: weight norm, spectral norm and their like end here.

A parametrisation says how a tensor is trained. What is compressed is the tensor that it computes.
"""

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized


def unparametrise(network: nn.Module) -> None:
    """Put the tensors that parametrisations compute in their place, in every module, in place.

    Torch's own function takes a property off the module's class, which copies of the module share;
    here each module goes back to the class that it had.
    """
    for module in list(network.modules()):
        if is_parametrized(module):
            _unparametrise(module)


def _unparametrise(module: nn.Module) -> None:
    parametrisations = module.parametrizations
    assert isinstance(parametrisations, nn.ModuleDict)
    parametrisations.eval()  # spectral norm takes a step of its own in training
    with torch.no_grad():
        computed = {name: getattr(module, name).detach().clone() for name in parametrisations}
    are_trained = {
        name: any(True for _ in parametrisations[name].parameters()) for name in computed
    }
    del module.parametrizations
    module.__class__ = type(module).__bases__[0]
    others = dict(module._parameters)
    module._parameters.clear()  # weights go before biases, as they do elsewhere
    for name, tensor in computed.items():
        if are_trained[name]:
            module.register_parameter(name, nn.Parameter(tensor))
        else:
            module.register_buffer(name, tensor)
    module._parameters.update(others)
