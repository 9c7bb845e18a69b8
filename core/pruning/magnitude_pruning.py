"""Gradual magnitude pruning (Zhu & Gupta 2017, "To prune, or not to prune", §3).

While the network is trained on the error loss alone, the weights of least magnitude are set to
zero, fewer and fewer at a time, and stay there. Beyond that article: all layers compete for the
same places, their magnitudes taken relative to a power of their layer's scale.
"""

import math

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from core.checkpoint import State
from core.data import Split
from core.errors import RetrainError
from core.evaluation import error
from core.pruning.config import PruningConfig
from core.retraining import ErrorLoss, FlatWeights, Reporter, RetrainConfig, TrainingSet
from core.retraining.epochs import Training
from core.retraining.schedule import cosine
from core.retraining.training_set import Batch


def prune(
    network: nn.Module,
    weights: FlatWeights,
    training_set: TrainingSet,
    error_loss: ErrorLoss,
    validation: Split,
    config: PruningConfig,
    retrain: RetrainConfig,
    report: Reporter,
) -> Bool[Tensor, " weights"]:
    """Train a network in place for all epochs of the retraining, pruning it on the way.

    Args:
        network: the trained network; its weight tensors are views of ``weights``.
        weights: the weights that may go; biases and norms are trained and stay.
        training_set: what is trained on.
        error_loss: the error loss of a batch.
        validation: data whose error is reported, and that nothing here is decided on.
        config: how many weights go, and when.
        retrain: epochs, batch size, the weights' rate and its schedule, and the seed.
        report: takes an ``EpochReport`` an epoch; whatever it raises ends the pruning.

    Returns:
        Which weights stay; the others are zero.

    Raises:
        RetrainError: there is no weight, or the loss is not finite.
    """
    if weights.values.numel() == 0:
        raise RetrainError("the network has no weight that can be pruned")
    flat = nn.Parameter(weights.values)
    flat.grad = weights.gradient
    optimiser = torch.optim.Adam(
        [flat, *weights.others.values()], lr=retrain.lr_weights, fused=True
    )
    kept = torch.ones_like(weights.values, dtype=torch.bool)

    def save() -> State:
        return {"kept": kept}

    def restore(state: State) -> None:
        nonlocal kept
        kept = state["kept"].to(kept.device)

    training = Training(
        "prune",
        network,
        optimiser,
        training_set,
        retrain.batch_size,
        retrain.num_epochs,
        torch.Generator().manual_seed(retrain.seed),
        report.journal,
        save,
        restore,
    )

    def step(batch: Batch, done: int) -> Tensor:
        nonlocal kept
        num_steps = training.num_steps
        rate = cosine(done / num_steps, retrain.lr_final_fraction)
        optimiser.param_groups[0]["lr"] = retrain.lr_weights * rate
        weights.zero_gradient()
        loss = error_loss.of(network, batch)
        torch.autograd.backward(loss)
        optimiser.step()
        done += 1
        if done % config.interval == 0 or done == num_steps:
            kept = largest(weights, kept, sparsity(done / num_steps, config), config)
        weights.values.mul_(kept)
        return loss

    for epoch, mean_loss in training.epochs(step):
        if not math.isfinite(mean_loss):
            raise RetrainError(f"the error loss is {mean_loss} in epoch {epoch} of the pruning")
        nonzero_fraction = float(kept.float().mean())
        report("prune", mean_loss, 0.0, nonzero_fraction, error(network, validation))
    return kept


def sparsity(fraction: float, config: PruningConfig) -> float:
    """Return the share of zeros asked for at this point of the training (Eq. 1).

    It is s_f (1 - (1 - t)³), where t goes from 0 at ``start`` to 1 at ``end``.
    """
    done = min(1.0, max(0.0, (fraction - config.start) / (config.end - config.start)))
    return config.sparsity * (1 - (1 - done) ** 3)


def largest(
    weights: FlatWeights, kept: Bool[Tensor, " weights"], sparsity: float, config: PruningConfig
) -> Bool[Tensor, " weights"]:
    """Choose which of the weights that were kept so far still are.

    Args:
        weights: all weights.
        kept: which of them were kept so far.
        sparsity: share of the weights that go; where more are gone already, nothing changes.
        config: how the layers compare.

    Returns:
        The mask of the largest weights, at least one.
    """
    num_weights = kept.numel()
    num_kept = max(1, round((1 - sparsity) * num_weights))
    if num_kept >= int(kept.sum()):
        return kept
    magnitudes = torch.where(kept, weights.values.abs(), -1.0)  # a pruned one never returns
    for magnitude, stays in zip(weights.split(magnitudes), weights.split(kept), strict=True):
        left = magnitude[stays]
        if len(left) > 0:
            scale = left.square().mean().sqrt().clamp_min(torch.finfo(left.dtype).tiny)
            magnitude[stays] = left / scale**config.layer_scaling
    mask = torch.zeros_like(kept)
    mask[magnitudes.topk(num_kept, sorted=False).indices] = True
    return mask
