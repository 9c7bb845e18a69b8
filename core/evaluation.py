"""What a network does on data: its error by their metric, also as read from a compressed file."""

import torch
from torch import Tensor, nn

from core.codec import CompressedNetwork
from core.data import Split
from core.errors import DataError
from core.networks import NETWORKS, NetworkDescription, description, load_state


def error(network: nn.Module, split: Split, batch_size: int | None = None) -> float:
    """Return the share of examples that ``network`` puts into a wrong class, in [0, 1].

    An example whose outputs are not all finite counts as wrong, so a network of NaNs has error 1.
    The network is judged in evaluation mode and left in the mode it came in. Where the split has
    another metric, its error is returned (``core.metric``).

    Args:
        network: maps inputs to one output a class; the largest wins.
        split: the examples and their true classes, at least one.
        batch_size: examples at a time, by default as many as memory is sure to hold; changes
            memory and time, not the result.

    Raises:
        RetrainError: the split has another metric, and an output is not finite.
        ConfigError: that metric raises something or is no finite number.
    """
    batch_size = batch_size or split.evaluation_batch
    if split.metric.evaluate is not None:
        return split.metric.error(outputs_of(network, split, batch_size), split.labels)
    was_training = network.training
    network.eval()
    num_wrong = 0
    try:
        with torch.inference_mode():
            for inputs, labels in zip(
                torch.split(split.inputs, batch_size),
                torch.split(split.labels, batch_size),
                strict=True,
            ):
                outputs = network(inputs)
                right = (outputs.argmax(1) == labels) & outputs.isfinite().all(1)
                num_wrong += len(labels) - int(right.sum())
    finally:
        network.train(was_training)
    return num_wrong / len(split)


def outputs_of(network: nn.Module, split: Split, batch_size: int | None = None) -> Tensor:
    """Return what a network answers in evaluation mode, an example a row, on its device.

    Args:
        network: left in the mode it came in.
        split: the examples.
        batch_size: as in ``error``.
    """
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            batches = torch.split(split.inputs, batch_size or split.evaluation_batch)
            return torch.cat([network(inputs) for inputs in batches])
    finally:
        network.train(was_training)


def load_compressed(
    network: CompressedNetwork, described: NetworkDescription | None = None
) -> nn.Module:
    """Build the network that a decoded file names, with the file's weights, in evaluation mode.

    Args:
        network: what the file holds.
        described: how the network is built; None asks the registry for the file's name.

    Raises:
        DataError: the network is not known here, or the file's tensors are not its tensors.
    """
    if described is None and network.network_name not in NETWORKS:
        raise DataError(
            f"the file holds the network {network.network_name}, but known here are "
            f"{', '.join(sorted(NETWORKS))}; say what builds it with model.factory, or read it "
            "into a network of yours with core.codec.load_into"
        )
    module = (described or description(network.network_name)).build()
    state = {name: torch.from_numpy(array) for name, array in network.arrays().items()}
    try:
        load_state(module, state)
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"the file does not hold a {network.network_name}: {reason}") from error
    return module.eval()
