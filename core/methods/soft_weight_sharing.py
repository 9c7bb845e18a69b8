"""Soft weight-sharing (Ullrich, Meeds & Welling 2017, Algorithm 1).

The network is retrained under a mixture prior that is trained with it; then components are merged
and every weight goes to the component that takes most responsibility for it. Groups of tensors may
have a mixture of their own each.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.methods.interface import Clustered
from core.post_processing import PostProcessingConfig, merge_components, quantise
from core.preparation import Preparation
from core.prior import GaussianMixture, PriorConfig
from core.retraining import RetrainConfig, Retraining, retrain
from core.tracing import TraceRecorder


@dataclass(frozen=True)
class SoftWeightSharing:
    """The method.

    Attributes:
        prior: the mixture and its hyper-priors.
        retrain: the retraining under it.
        post_processing: merging and number of centroids, and what follows.
    """

    prior: PriorConfig
    retrain: RetrainConfig
    post_processing: PostProcessingConfig

    @property
    def num_epochs(self) -> int:
        """Epochs of the retraining."""
        return self.retrain.num_epochs

    def cluster(self, start: Preparation) -> Clustered:
        """Retrain under the prior, merge its components and assign the weights to them.

        Raises:
            RetrainError: a loss is not finite, or there is no weight to compress.
            RetrainingStopped: the retraining is trapped or collapsed (and asked to stop then).
        """
        retraining = Retraining.of_network(
            start.network,
            start.training_set,
            start.error_loss,
            self.prior,
            self.retrain,
            start.description.treatment,
        )
        weights, prior = retraining.weights, retraining.prior
        recorder = TraceRecorder(weights, prior.mixture, start.description.input_shape)
        start.report.journal.follow("trace", recorder.state, recorder.restore)
        retrain(retraining, start.validation, start.report, recorder.epoch)
        recorder.retrained()
        parts = zip(prior.mixtures, prior.split(weights.values), strict=True)
        components = torch.cat([self._assigned(mixture, part) for mixture, part in parts])
        tensors = quantise(weights, components, self.post_processing.num_centroids)
        return Clustered(weights, tensors, recorder)

    def _assigned(
        self, mixture: GaussianMixture, weights: Float[Tensor, " weights"]
    ) -> Int[Tensor, " weights"]:
        """Return the component of each weight of a group, once its components are merged."""
        merged = merge_components(
            mixture,
            self.post_processing.merge_threshold,
            weights.numel(),
            self.post_processing.drop_dead_components,
        )
        return merged.assign(weights)
