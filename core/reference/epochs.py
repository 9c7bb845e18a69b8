"""The passes over the data of a training from scratch: Adam (Kingma & Ba 2015) on a cosine.

Weight decay is decoupled from Adam's step sizes (Loshchilov & Hutter 2019).
"""

import math
from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from core.data import Data
from core.evaluation import error

OnReferenceEpoch = Callable[[int, int, float], None]
"""Called with the epochs done, the epochs of all the training, and the validation error."""

LossOf = Callable[[Int[Tensor, " batch"], float], Float[Tensor, ""]]
"""Gives the loss of a step from the examples' indices and the share of all steps that is done."""


def train_epochs(
    module: nn.Module,
    data: Data,
    loss_of: LossOf,
    *,
    num_epochs: int,
    batch_size: int,
    lr: float,
    weight_decay: float,
    learnt_beside: Iterable[nn.Parameter] = (),
    on_epoch: OnReferenceEpoch | None = None,
) -> None:
    """Train a network in place; the order of the examples is torch's global generator's.

    Args:
        module: the network, where the data lie.
        data: its training examples are numbered; its validation split is measured each epoch.
        loss_of: the loss of a step.
        num_epochs: passes over the training examples.
        batch_size: examples a step.
        lr: Adam's rate at the start; it falls on a cosine to zero.
        weight_decay: share of a parameter that a step takes away, times the rate.
        learnt_beside: parameters that are trained with the network's.
        on_epoch: called after each epoch.
    """
    labels = data.train.labels
    optimizer = torch.optim.AdamW(
        [*module.parameters(), *learnt_beside], lr=lr, weight_decay=weight_decay, fused=True
    )
    num_steps = num_epochs * math.ceil(len(labels) / batch_size)
    step = 0
    for epoch in range(1, num_epochs + 1):
        module.train()
        for batch in torch.split(torch.randperm(len(labels)).to(labels.device), batch_size):
            optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * step / num_steps)) / 2
            optimizer.zero_grad()
            torch.autograd.backward(loss_of(batch, step / num_steps))
            optimizer.step()
            step += 1
        if on_epoch is not None:
            on_epoch(epoch, num_epochs, error(module, data.validation))
