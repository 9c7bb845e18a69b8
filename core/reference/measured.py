"""A trained module as a reference network: its state, and its errors by the data's own metric."""

from torch import nn

from core.data import Data
from core.evaluation import error
from core.networks import NetworkDescription, state_of
from core.reference.network import ReferenceNetwork, count_parameters


def measured_network(
    name: str, module: nn.Module, data: Data, described: NetworkDescription | None = None
) -> ReferenceNetwork:
    """Measure a trained network and take its state into the processor's memory.

    Args:
        name: its name in the registry, or what its owner calls it.
        module: the network, where the data lie; left as it is.
        data: what it is measured on.
        described: how it is built and treated; None asks the registry.

    Raises:
        RetrainError: the data have a metric of their own, and an output is not finite.
    """
    return ReferenceNetwork(
        network_name=name,
        state={name: tensor.detach().cpu().clone() for name, tensor in state_of(module).items()},
        validation_error=error(module, data.validation),
        test_error=error(module, data.test),
        num_parameters=count_parameters(module),
        described=described,
    )
