"""What a network does on data: its classification error, also as read from a compressed file."""

import torch
from torch import nn

from core.codec import CompressedNetwork
from core.data import Split
from core.errors import DataError
from core.networks import NETWORKS, build_network


def error(network: nn.Module, split: Split, batch_size: int = 2500) -> float:
    """Return the share of images that ``network`` puts into a wrong class, in [0, 1].

    An image whose outputs are not all finite counts as wrong, so a network of NaNs has error 1.
    The network is judged in evaluation mode and left in the mode it came in.

    Args:
        network: maps inputs to one output a class; the largest wins.
        split: the images and their true classes, at least one.
        batch_size: images at a time; changes memory and time, not the result.
    """
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


def load_compressed(network: CompressedNetwork) -> nn.Module:
    """Build the network that a decoded file names, with the file's weights, in evaluation mode.

    Raises:
        DataError: the network is not known here, or the file's tensors are not its tensors.
    """
    if network.network_name not in NETWORKS:
        raise DataError(
            f"the file holds the network {network.network_name}, but known here are "
            f"{', '.join(sorted(NETWORKS))}; read it with the version that wrote it"
        )
    module = build_network(network.network_name)
    state = {name: torch.from_numpy(array) for name, array in network.arrays().items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"the file does not hold a {network.network_name}: {reason}") from error
    return module.eval()
