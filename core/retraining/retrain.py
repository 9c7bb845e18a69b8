"""Retraining under the mixture prior: Eq. 6 and 7, and Algorithm 1 of Ullrich et al. 2017.

Weights and mixture are trained together by Adam on L^E + (tau / N) L^C, the error loss a mean over
a batch and the complexity loss over all weights. Beyond the paper: the width of the zero component
is annealed, tau warms up, and the error loss may be a distillation from the reference network.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.checkpoint import State
from core.data import Split
from core.errors import RetrainError
from core.evaluation import error
from core.networks import STANDARD, Treatment
from core.prior import Complexity, GaussianMixture, GroupedPrior, PriorConfig
from core.retraining.config import RetrainConfig
from core.retraining.epochs import Training
from core.retraining.error_loss import ErrorLoss
from core.retraining.flat_weights import FlatWeights
from core.retraining.reporting import Reporter
from core.retraining.schedule import cosine, warm_up, zero_std
from core.retraining.stopping import HopelessnessRule
from core.retraining.training_set import Batch, TrainingSet


@dataclass(frozen=True)
class Retraining:
    """A network, its mixture prior and the optimiser that trains them together.

    Attributes:
        network: the network; its weight tensors are views of ``weights``.
        weights: the weights that the prior acts on.
        prior: the mixture that the weights settle in, or that of each group of them.
        optimiser: Adam over the weights (group 0) and the mixture.
        training_set: what the network is trained on.
        error_loss: the error loss of a batch.
        prior_config: the prior, its hyper-priors and the annealing.
        config: rates, tau and schedule.
    """

    network: nn.Module
    weights: FlatWeights
    prior: GroupedPrior
    optimiser: torch.optim.Adam
    training_set: TrainingSet
    error_loss: ErrorLoss
    prior_config: PriorConfig
    config: RetrainConfig

    @classmethod
    def of_network(
        cls,
        network: nn.Module,
        training_set: TrainingSet,
        error_loss: ErrorLoss,
        prior_config: PriorConfig,
        config: RetrainConfig,
        treatment: Treatment = STANDARD,
    ) -> "Retraining":
        """Begin at a trained network, with the mixture initialised on its weights (paper §4.2).

        Raises:
            RetrainError: the network has no weight that the prior can act on.
        """
        weights = FlatWeights.from_network(network, treatment)
        prior = GroupedPrior.from_weights(
            weights.values, weights.group_sizes, prior_config, config.seed
        )
        optimiser = make_optimiser(weights, prior, config)
        return cls(
            network, weights, prior, optimiser, training_set, error_loss, prior_config, config
        )

    def step(self, batch: Batch, fraction: float) -> tuple[Tensor, Complexity]:
        """Take one step of Adam on Eq. 6.

        Args:
            batch: training examples.
            fraction: share of the training that is done, in [0, 1); drives the schedules.

        Returns:
            The error loss of the batch before the step, and the complexity loss.
        """
        config = self.config
        self.optimiser.param_groups[0]["lr"] = config.lr_weights * cosine(
            fraction, config.lr_final_fraction
        )
        self.prior.move_zero_std(zero_std(fraction, self.prior_config))
        self.weights.zero_gradient()
        with self.as_used(fraction):
            loss = self.error_loss.of(self.network, batch)
            loss.backward()
        tau = config.tau * warm_up(fraction, config.tau_warm_up)
        complexity = self.prior.add_gradient(
            self.weights.values, self.weights.gradient, tau / len(self.training_set)
        )
        self.optimiser.step()
        self.prior.limit_precisions()
        return loss.detach(), complexity

    @contextmanager
    def as_used(self, fraction: float) -> Iterator[None]:
        """Let the network meanwhile have the weights that it is trained with at this point.

        From ``retrain.mask_from`` on it does without those that the zero component claims. Their
        gradients pass straight through to what the weights really are, so they may return.

        Args:
            fraction: share of the training that is done, in [0, 1].
        """
        mask_from = self.config.mask_from
        if fraction < mask_from or mask_from == 1:
            yield
            return
        values = self.weights.values
        weights = self.prior.leave_out_zeros(values)
        try:
            yield
        finally:
            values.copy_(weights)


def retrain(
    retraining: Retraining,
    validation: Split,
    report: Reporter,
    observe: Callable[[GaussianMixture], None] | None = None,
) -> None:
    """Retrain a network in place under the mixture prior for all its epochs.

    Args:
        retraining: the network, its prior and their configuration.
        validation: data whose error is reported, and that nothing here is decided on.
        report: takes an ``EpochReport`` an epoch; whatever it raises ends the retraining.
        observe: sees the mixture at the end of every epoch.

    Raises:
        RetrainError: a loss is not finite.
        RetrainingStopped: the run is trapped or collapsed and ``retrain.stop_hopeless`` is set.
    """
    config = retraining.config
    training_set = retraining.training_set
    constant_loss = retraining.error_loss.of_constant_predictor(training_set)
    rule = HopelessnessRule(
        # a loss of one's own may be negative, and compares with nothing then
        constant_loss if constant_loss > 0 else math.inf,
        retraining.prior_config.zero_component_widens,
    )
    complexity = Complexity(0.0, 0.0)

    def save() -> State:
        return {"prior": retraining.prior.state(), "rule": rule.state()}

    def restore(state: State) -> None:
        retraining.prior.restore(state["prior"])
        rule.restore(state["rule"])

    training = Training(
        "retrain",
        retraining.network,
        retraining.optimiser,
        training_set,
        config.batch_size,
        config.num_epochs,
        torch.Generator().manual_seed(config.seed),
        report.journal,
        save,
        restore,
    )

    def step(batch: Batch, done: int) -> Tensor:
        nonlocal complexity
        loss, complexity = retraining.step(batch, done / training.num_steps)
        return loss

    for epoch, mean_loss in training.epochs(step):
        fraction, nonzero_fraction = epoch / config.num_epochs, 1 - complexity.zero_share
        if not (math.isfinite(mean_loss) and math.isfinite(complexity.loss)):
            raise RetrainError(
                f"the loss is not finite in epoch {epoch} of the retraining "
                f"(error loss {mean_loss}, complexity loss {complexity.loss})"
            )
        with retraining.as_used(fraction):
            validation_error = error(retraining.network, validation)
        report("retrain", mean_loss, complexity.loss, nonzero_fraction, validation_error)
        if observe is not None:
            observe(retraining.prior.mixture)
        if config.stop_hopeless:
            rule.observe(fraction, nonzero_fraction * report.weights_left, mean_loss)


def make_optimiser(
    weights: FlatWeights, prior: GroupedPrior, config: RetrainConfig
) -> torch.optim.Adam:
    """Return Adam over the weights (group 0) and the mixtures, each at its rate (paper §4.1)."""
    flat = nn.Parameter(weights.values)
    flat.grad = weights.gradient
    mixtures = prior.mixtures
    proportions = [p for m in mixtures for p in (m.zero_mixing_logit, m.mixing_logits)]
    return torch.optim.Adam(
        [
            {"params": [flat, *weights.others.values()], "lr": config.lr_weights},
            {"params": [m.means for m in mixtures], "lr": config.lr_means},
            {"params": [m.log_precisions for m in mixtures], "lr": config.lr_log_precisions},
            {"params": proportions, "lr": config.lr_mixing},
        ],
        fused=True,
    )
