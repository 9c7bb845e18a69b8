"""Retraining under the mixture prior: Eq. 6 and 7, and Algorithm 1 of Ullrich et al. 2017.

Weights and mixture are trained together by Adam on L^E + (tau / N) L^C, the error loss a mean over
a batch and the complexity loss over all weights. Beyond the paper: the width of the zero component
is annealed, tau warms up, and the error loss may be a distillation from the reference network.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn

from core.data import Data
from core.errors import RetrainError
from core.evaluation import error
from core.prior import GaussianMixturePrior, PriorConfig, add_complexity_gradient
from core.prior.mixture import LOG_PRECISION_LIMIT
from core.retraining.batches import batches
from core.retraining.config import RetrainConfig
from core.retraining.error_loss import ErrorLoss
from core.retraining.flat_weights import FlatWeights
from core.retraining.reporting import Reporter
from core.retraining.schedule import cosine, warm_up, zero_std
from core.retraining.stopping import HopelessnessRule


@dataclass(frozen=True)
class Retrained:
    """A network after the retraining, not yet quantised.

    Attributes:
        weights: the network's weights, which are views of this.
        prior: the mixture that the weights have settled in.
    """

    weights: FlatWeights
    prior: GaussianMixturePrior


def retrain(
    network: nn.Module,
    error_loss: ErrorLoss,
    data: Data,
    prior_config: PriorConfig,
    config: RetrainConfig,
    report: Reporter,
) -> Retrained:
    """Retrain a network in place under the mixture prior.

    Args:
        network: the reference network; its weights are replaced.
        error_loss: the error loss on ``data.train``.
        data: training data, and validation data for the reports only.
        prior_config: the prior, its hyper-priors and the annealing.
        config: rates, tau and schedule.
        report: takes an ``EpochReport`` an epoch; whatever it raises ends the retraining.

    Raises:
        RetrainError: a loss is not finite.
        RetrainingStopped: the run is trapped or collapsed and ``config.stop_hopeless`` is set.
    """
    weights = FlatWeights.from_network(network)
    prior = GaussianMixturePrior.from_weights(weights.values, prior_config)
    optimiser = make_optimiser(weights, prior, config)
    rule = HopelessnessRule(error_loss.of_constant_predictor())
    num_examples = len(data.train)
    num_steps = config.num_epochs * math.ceil(num_examples / config.batch_size)
    generator = torch.Generator().manual_seed(config.seed)
    step = 0
    for epoch in range(1, config.num_epochs + 1):
        network.train()
        total_loss = 0.0
        for examples in batches(num_examples, config.batch_size, generator):
            fraction = step / num_steps
            for group in optimiser.param_groups[:1]:
                group["lr"] = config.lr_weights * cosine(fraction, config.lr_final_fraction)
            prior.set_zero_std(prior_config, zero_std(fraction, prior_config))
            weights.zero_gradient()
            loss = error_loss(network(data.train.inputs[examples]), examples)
            loss.backward()
            scale = config.tau * warm_up(fraction, config.tau_warm_up) / num_examples
            complexity = add_complexity_gradient(
                prior, weights.values, weights.gradient, scale, prior_config
            )
            optimiser.step()
            prior.mixture.log_precisions.clamp_(max=LOG_PRECISION_LIMIT)
            total_loss += float(loss.detach()) * len(examples)
            step += 1
        mean_loss = total_loss / num_examples
        if not (math.isfinite(mean_loss) and math.isfinite(complexity.loss)):
            raise RetrainError(
                f"the loss is not finite in epoch {epoch} of the retraining "
                f"(error loss {mean_loss}, complexity loss {complexity.loss})"
            )
        report(
            "retrain",
            mean_loss,
            complexity.loss,
            1 - complexity.zero_share,
            error(network, data.validation),
        )
        if config.stop_hopeless:
            rule.observe(step / num_steps, 1 - complexity.zero_share, mean_loss)
    return Retrained(weights, prior)


def make_optimiser(
    weights: FlatWeights, prior: GaussianMixturePrior, config: RetrainConfig
) -> torch.optim.Adam:
    """Return Adam over the weights (group 0) and the mixture, each at its own rate (paper §4.1)."""
    flat = nn.Parameter(weights.values)
    flat.grad = weights.gradient
    means, log_precisions, zero_mixing_logit, mixing_logits = prior.mixture.parameters()
    return torch.optim.Adam(
        [
            {"params": [flat, *weights.others.values()], "lr": config.lr_weights},
            {"params": [means], "lr": config.lr_means},
            {"params": [log_precisions], "lr": config.lr_log_precisions},
            {"params": [zero_mixing_logit, mixing_logits], "lr": config.lr_mixing},
        ],
        fused=True,
    )
