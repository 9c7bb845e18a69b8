"""Structured shrinking: whole units are cut in stages, the rest trained in between.

The units with the least product of incoming and outgoing norm go, a measure that equalising the
layers does not change. After each cut the network is trained to answer as the reference network
does (distillation, Hinton et al. 2015). What is left needs a fraction of the multiplications.
"""

import itertools
import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.data import Split
from core.errors import ConfigError, RetrainError
from core.evaluation import error
from core.retraining import ErrorLoss, Reporter, TrainingSet
from core.retraining.epochs import Training
from core.retraining.schedule import cosine
from core.retraining.training_set import Batch
from core.shrinking.config import ShrinkingConfig


def shrink(
    network: nn.Module,
    chains: tuple[tuple[str, ...], ...],
    training_set: TrainingSet,
    error_loss: ErrorLoss,
    validation: Split,
    config: ShrinkingConfig,
    seed: int,
    report: Reporter,
) -> None:
    """Shrink a network in place to the units that the configuration names.

    Args:
        network: the network; its layers' sizes change.
        chains: names of weight layers, each fed by the one before alone.
        training_set: what is trained on.
        error_loss: the error loss of a batch.
        validation: data for the reports only.
        config: the units that stay and the training in between.
        seed: seed of the order of the batches.
        report: takes an ``EpochReport`` an epoch.

    Raises:
        ConfigError: a layer cannot be shrunk, or has fewer units.
        RetrainError: the loss is not finite.
    """
    pairs = [pair for chain in chains for pair in itertools.pairwise(chain)]
    before = [_units(network, name) for name, _ in pairs]
    check_units([name for name, _ in pairs], before, config.units)
    generator = torch.Generator().manual_seed(seed)
    for stage in range(1, config.num_stages + 1):
        for (name, next_name), first, last in zip(pairs, before, config.units, strict=True):
            left = first * (last / first) ** (stage / config.num_stages)
            count = last if stage == config.num_stages else math.ceil(left)
            _cut(network, name, next_name, count)
        epochs = config.num_epochs * stage // config.num_stages
        epochs -= config.num_epochs * (stage - 1) // config.num_stages
        optimiser = torch.optim.Adam(network.parameters(), lr=config.lr, fused=True)
        training = Training(
            f"shrink {stage}",
            network,
            optimiser,
            training_set,
            config.batch_size,
            epochs,
            generator,
            report.journal,
        )
        _train(training, error_loss, validation, config.lr, report)


def check_units(names: list[str], before: list[int], units: list[int]) -> None:
    """Raise a ``ConfigError`` unless the named layers can be shrunk to these numbers of units."""
    if len(units) != len(names) or any(
        count > most for count, most in zip(units, before, strict=True)
    ):
        most = ", ".join(f"{name} (at most {n})" for name, n in zip(names, before, strict=True))
        raise ConfigError(
            f"shrinking.units must be one number for each of {most or 'no layer, there is none'}, "
            f"but got {units}; [] keeps all units"
        )


def importance(
    weight: Float[Tensor, "units ..."], next_weight: Float[Tensor, "outputs ..."]
) -> Float[Tensor, " units"]:
    """Return of each unit the product of the norms of its weights in and out."""
    units = len(weight)
    incoming = weight.reshape(units, -1).square().sum(dim=1)
    outgoing = next_weight.reshape(len(next_weight), units, -1).square().sum(dim=(0, 2))
    return (incoming * outgoing).sqrt()


def _units(network: nn.Module, name: str) -> int:
    weight = network.get_submodule(name).weight
    assert isinstance(weight, Tensor)
    return len(weight)


def _cut(network: nn.Module, name: str, next_name: str, count: int) -> None:
    """Leave a layer its ``count`` most important units, in their order."""
    layer, next_layer = network.get_submodule(name), network.get_submodule(next_name)
    weight, next_weight = layer.weight, next_layer.weight
    assert isinstance(weight, Tensor)
    assert isinstance(next_weight, Tensor)
    units = len(weight)
    kept = importance(weight.detach(), next_weight.detach()).topk(count).indices.sort().values
    layer.weight = nn.Parameter(weight.detach()[kept])
    if isinstance(layer.bias, Tensor):
        layer.bias = nn.Parameter(layer.bias.detach()[kept])
    of_next = next_weight.detach()
    by_unit = of_next.reshape(len(of_next), units, -1)[:, kept]
    shape = (len(of_next), of_next.shape[1] * count // units, *of_next.shape[2:])
    next_layer.weight = nn.Parameter(by_unit.reshape(shape).contiguous())
    _resize(layer)
    _resize(next_layer)


def _resize(layer: nn.Module) -> None:
    """Let a layer state the sizes that its weight has."""
    assert isinstance(layer.weight, Tensor)
    if isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = layer.weight.shape
    elif isinstance(layer, nn.Conv2d):
        layer.out_channels, layer.in_channels = layer.weight.shape[:2]


def _train(
    training: Training, error_loss: ErrorLoss, validation: Split, lr: float, report: Reporter
) -> None:
    network, optimiser = training.network, training.optimiser

    def step(batch: Batch, done: int) -> Tensor:
        optimiser.param_groups[0]["lr"] = lr * cosine(done / training.num_steps, 0.1)
        optimiser.zero_grad()
        loss = error_loss.of(network, batch)
        torch.autograd.backward(loss)
        optimiser.step()
        return loss

    for _, mean_loss in training.epochs(step):
        if not math.isfinite(mean_loss):
            raise RetrainError(f"the error loss is {mean_loss} while the network is shrunk")
        report("shrink", mean_loss, 0.0, 1.0, error(network, validation))
