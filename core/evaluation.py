"""What a network does on data: its classification error, also as read from a compressed file."""

import torch
from torch import nn

from core.data import Split


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
