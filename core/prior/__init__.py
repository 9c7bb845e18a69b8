"""The Gaussian-mixture prior over a network's weights and the gradients of its complexity loss."""

from core.prior.complexity_loss import Complexity, add_complexity_gradient
from core.prior.config import Initialisation, PriorConfig, PriorForm
from core.prior.groups import GroupedPrior
from core.prior.hyper_priors import BetaHyperPrior, GammaHyperPrior
from core.prior.mixture import GaussianMixture, GaussianMixturePrior

__all__ = [
    "BetaHyperPrior",
    "Complexity",
    "GammaHyperPrior",
    "GaussianMixture",
    "GaussianMixturePrior",
    "GroupedPrior",
    "Initialisation",
    "PriorConfig",
    "PriorForm",
    "add_complexity_gradient",
]
