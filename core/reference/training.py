"""Training of a reference network (``core.reference.epochs``) on cross-entropy, with dropout.

Information dropout, where it is on, takes the place of the dropout.

The weights kept are those of the last epoch, where the rate has fallen to zero. Picking the best
epoch instead would select on the validation images and make their error a flattering one.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout

from core.augmentation import augment
from core.data import Data
from core.device import explaining_exhaustion
from core.networks import NetworkDescription
from core.precision import forward
from core.reference.config import ReferenceConfig
from core.reference.epochs import OnReferenceEpoch, train_epochs
from core.reference.information_dropout import InformationDropout
from core.reference.measured import measured_network
from core.reference.network import ReferenceNetwork


def train_reference(
    network: NetworkDescription,
    data: Data,
    config: ReferenceConfig,
    on_epoch: OnReferenceEpoch | None = None,
) -> ReferenceNetwork:
    """Train ``network`` on ``data``.

    The result depends on the arguments alone: equal ones give equal bytes on the same machine with
    the same number of threads, and torch's global generators are left as they were. On a GPU the
    order of sums, hence the rounding, may differ from run to run.

    Args:
        network: what to build; its ``dropout_after`` says where dropout applies.
        data: trained on its training split, where that lies; the other two are only measured.
        config: the training's settings.
        on_epoch: called after each epoch.

    Returns:
        The network, its state in the processor's memory.

    Raises:
        RetrainError: the memory of the GPU does not hold a step.
    """
    device = data.train.inputs.device
    with (
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        explaining_exhaustion("reference.batch_size", config.batch_size),
    ):
        torch.manual_seed(config.seed)
        module = network.build().to(device)
        if config.information_dropout.beta > 0:
            noise = InformationDropout(
                module, network.dropout_after, config.information_dropout, len(data.train)
            )
            with noise.added():
                _train(module, data, config, on_epoch, noise)
        else:
            hooks = [
                module.get_submodule(name).register_forward_hook(_drop(config.dropout))
                for name in network.dropout_after
            ]
            _train(module, data, config, on_epoch)
            for hook in hooks:
                hook.remove()
    return measured_network(network.name, module, data)


def _train(
    module: nn.Module,
    data: Data,
    config: ReferenceConfig,
    on_epoch: OnReferenceEpoch | None,
    noise: InformationDropout | None = None,
) -> None:
    inputs, labels = data.train.inputs, data.train.labels
    # its own generator, so that what else is drawn is the same with augmentation and without
    draws = torch.Generator().manual_seed(config.seed)

    def loss_of(batch: Tensor, done: float) -> Tensor:
        images = augment(inputs[batch], config.augment_shift, config.augment_flip, draws)
        if noise is not None:
            noise.step(done)
        loss = cross_entropy(forward(module, images, config.bfloat16), labels[batch])
        return loss if noise is None else loss + noise.loss()

    train_epochs(
        module,
        data,
        loss_of,
        num_epochs=config.num_epochs,
        batch_size=config.batch_size,
        lr=config.lr,
        weight_decay=config.weight_decay,
        learnt_beside=noise.parameters() if noise else (),
        on_epoch=on_epoch,
    )


def _drop(probability: float) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    def drop(module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        return dropout(output, probability, training=module.training)

    return drop
