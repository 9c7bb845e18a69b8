"""Gamma and Beta hyper-priors on the mixture's parameters (Ullrich et al. 2017, Appendix B).

Both are built from a mode and a strength, which a search can walk, rather than from the paper's
raw (alpha, beta), which lie on a ridge. Densities are kept up to constants; both act on the
unconstrained coordinate that is trained (log precision, logit) without a Jacobian, as the
tutorial's code does, so that the mode stays where it was asked for.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class GammaHyperPrior:
    """Gamma distribution on a precision lambda (Eq. 10).

    Attributes:
        alpha: shape of the distribution, one a component.
        beta: rate of the distribution, one a component.
    """

    alpha: Float[Tensor, " components"]
    beta: Float[Tensor, " components"]

    @classmethod
    def from_mode(
        cls, std: Float[Tensor, " components"], strength: Float[Tensor, " components"]
    ) -> "GammaHyperPrior":
        """Build the distribution whose mode is the precision ``1 / std²``.

        Args:
            std: standard deviation at the mode, sqrt(beta / (alpha - 1)).
            strength: 2 (alpha - 1), the number of weights whose evidence it equals; 0 gives the
                flat hyper-prior.
        """
        excess = strength / 2
        return cls(alpha=1 + excess, beta=excess * std.square())

    def negative_log_density(
        self, log_precisions: Float[Tensor, " components"]
    ) -> Float[Tensor, ""]:
        """Return -log Gamma(lambda | alpha, beta) in nats, summed, up to a constant."""
        return ((1 - self.alpha) * log_precisions + self.beta * log_precisions.exp()).sum()

    def gradient(
        self, log_precisions: Float[Tensor, " components"]
    ) -> Float[Tensor, " components"]:
        """Return the derivative of the negative log density by the log precisions."""
        return (1 - self.alpha) + self.beta * log_precisions.exp()


@dataclass(frozen=True)
class BetaHyperPrior:
    """Beta distribution on the zero mixing proportion (Eq. 11).

    Attributes:
        alpha: effective number of observed zeros.
        beta: effective number of observed non-zeros.
    """

    alpha: float
    beta: float

    @classmethod
    def from_mode(cls, mode: float, pseudo_count: float) -> "BetaHyperPrior":
        """Build the distribution with mode (alpha - 1) / (alpha + beta - 2) and that pseudo-count.

        A pseudo-count alpha + beta of 2 or less has no mode inside (0, 1) and gives the flat
        distribution.
        """
        excess = max(pseudo_count - 2, 0.0)
        return cls(alpha=1 + excess * mode, beta=1 + excess * (1 - mode))

    def negative_log_density(self, logit: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Return -log Beta(sigmoid(logit) | alpha, beta) in nats, up to a constant."""
        log_zero = torch.nn.functional.logsigmoid(logit)
        log_rest = torch.nn.functional.logsigmoid(-logit)
        return (1 - self.alpha) * log_zero + (1 - self.beta) * log_rest

    def gradient(self, logit: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Return the derivative of the negative log density by the logit."""
        proportion = torch.sigmoid(logit)
        return (1 - self.alpha) * (1 - proportion) - (1 - self.beta) * proportion
