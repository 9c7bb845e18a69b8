"""A mixture prior for all weights, or one for each group of them.

Ullrich et al. 2017 train one mixture over all layers. Where the weights of parts of a network
differ in scale, or in how many of them are needed, each part may have its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from core.checkpoint import State
from core.errors import CheckpointError
from core.prior.complexity_loss import Complexity, add_complexity_gradient
from core.prior.config import PriorConfig
from core.prior.masking import leave_out_zeros
from core.prior.mixture import LOG_PRECISION_LIMIT, GaussianMixture, GaussianMixturePrior


@dataclass(frozen=True)
class GroupedPrior:
    """The priors of all groups.

    Attributes:
        priors: one a group, in the order of the weights.
        sizes: number of weights of each; a group's weights lie side by side.
        config: what all of them began with.
    """

    priors: tuple[GaussianMixturePrior, ...]
    sizes: tuple[int, ...]
    config: PriorConfig

    @classmethod
    def from_weights(
        cls,
        weights: Float[Tensor, " weights"],
        sizes: Sequence[int],
        config: PriorConfig,
        seed: int = 0,
    ) -> "GroupedPrior":
        """Initialise each group's mixture on its pre-trained weights (paper §4.2).

        Args:
            weights: all weights, group by group.
            sizes: number of weights of each group.
            config: the prior and its hyper-priors.
            seed: seed of the weights that the sampled form draws.

        Raises:
            RetrainError: a group has no weight, one that is not finite, or fewer distinct values
                than the mixture has components.
        """
        parts = weights.split(list(sizes))
        priors = tuple(GaussianMixturePrior.from_weights(part, config, seed) for part in parts)
        return cls(priors, tuple(sizes), config)

    @property
    def mixtures(self) -> tuple[GaussianMixture, ...]:
        """The mixture of each group."""
        return tuple(prior.mixture for prior in self.priors)

    @property
    def mixture(self) -> GaussianMixture:
        """The mixture over all weights, in which a group has the share of its weights.

        The zero component of the first group comes first; those of others are among the rest.
        """
        if len(self.priors) == 1:
            return self.priors[0].mixture
        total = sum(self.sizes)
        proportions = torch.cat(
            [
                size / total * mixture.log_mixing_proportions().exp()
                for mixture, size in zip(self.mixtures, self.sizes, strict=True)
            ]
        )
        return GaussianMixture(
            means=torch.cat([mixture.means for mixture in self.mixtures]),
            log_precisions=torch.cat([mixture.log_precisions for mixture in self.mixtures]),
            zero_mixing_logit=torch.logit(proportions[0]),
            mixing_logits=proportions[1:].log(),
        )

    def move_zero_std(self, std: float) -> None:
        """Move the mode of the zero components' hyper-priors, and these components with it."""
        for prior in self.priors:
            prior.move_zero_std(std)

    def add_gradient(
        self,
        weights: Float[Tensor, " weights"],
        gradient: Float[Tensor, " weights"],
        scale: float,
    ) -> Complexity:
        """Add ``scale`` times the gradient of the complexity loss (``add_complexity_gradient``).

        Returns:
            The complexity loss of all groups, and the share of zeros among all weights.
        """
        found = [
            add_complexity_gradient(prior, part, slope, scale, self.config)
            for prior, part, slope in zip(
                self.priors, self.split(weights), self.split(gradient), strict=True
            )
        ]
        if len(found) == 1:
            return found[0]
        zeros = sum(one.zero_share * size for one, size in zip(found, self.sizes, strict=True))
        return Complexity(sum(one.loss for one in found), zeros / sum(self.sizes))

    def limit_precisions(self) -> None:
        """Keep every component at least as wide as may be."""
        for mixture in self.mixtures:
            mixture.log_precisions.clamp_(max=LOG_PRECISION_LIMIT)

    def leave_out_zeros(self, weights: Float[Tensor, " weights"]) -> Float[Tensor, " weights"]:
        """Set the weights that the zero components claim to zero, in place.

        Returns:
            The weights as they were, to be copied back.
        """
        parts = zip(self.split(weights), self.mixtures, strict=True)
        before = [leave_out_zeros(part, mixture) for part, mixture in parts]
        return before[0] if len(before) == 1 else torch.cat(before)

    def split(self, vector: Tensor) -> tuple[Tensor, ...]:
        """Return views of a vector of all weights, one for each group."""
        parts: tuple[Tensor, ...] = vector.split(list(self.sizes))
        return parts

    def state(self) -> State:
        """Return what training changes."""
        states = [prior.state() for prior in self.priors]
        return states[0] if len(states) == 1 else {"groups": states}

    def restore(self, state: State) -> None:
        """Take over what training changed in other priors of the same configuration.

        Raises:
            CheckpointError: there are more or fewer groups.
        """
        states = state.get("groups", [state])
        if len(states) != len(self.priors):
            raise CheckpointError(
                f"the checkpoint has {len(states)} mixtures for {len(self.priors)} groups"
            )
        for prior, its_state in zip(self.priors, states, strict=True):
            prior.restore(its_state)
