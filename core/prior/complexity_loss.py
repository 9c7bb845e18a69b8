"""The complexity loss -log p(w, mu, sigma, pi) of Eq. 7 with its gradients, in four forms."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from core.prior.config import PriorConfig, PriorForm
from core.prior.exact import add_exact_gradient
from core.prior.mixture import GaussianMixturePrior
from core.prior.sampled import add_sampled_gradient, draw_places
from core.prior.statistics import set_mixture_gradients
from core.prior.tabulated import add_tabulated_gradient


@dataclass(frozen=True)
class Complexity:
    """The complexity loss of one state of network and mixture.

    Attributes:
        loss: -log p(w, mu, sigma, pi) in nats, the hyper-priors included up to constants.
        zero_share: mean responsibility of the zero component, the (soft) share of zero weights.
    """

    loss: float
    zero_share: float


def add_complexity_gradient(
    prior: GaussianMixturePrior,
    weights: Float[Tensor, " weights"],
    gradient: Float[Tensor, " weights"],
    scale: float,
    config: PriorConfig,
) -> Complexity:
    """Add ``scale`` times the gradient of the complexity loss, in the form the config names.

    Args:
        prior: the prior; ``.grad`` of its mixture's parameters is set.
        weights: all weights the prior acts on, flat.
        gradient: their gradient, added to in place.
        scale: factor on the loss, tau / N in training.
        config: which form, and the error bound of the tabulated one. The tabulated form serves
            the CPU in single precision; elsewhere, and where its bound cannot be met, the exact
            form takes its place.

    Returns:
        The complexity loss, unscaled, and the share of zeros; of the sampled form an estimate.
    """
    if config.form is PriorForm.autograd:
        return add_autograd_gradient(prior, weights, gradient, scale)
    statistics = None
    if config.form is PriorForm.sampled:
        places = draw_places(weights.numel(), config.num_sampled, prior.generator)
        statistics = add_sampled_gradient(prior, weights, gradient, scale, places)
    if (
        config.form is PriorForm.tabulated
        and weights.device.type == "cpu"
        and weights.dtype == torch.float32
    ):
        statistics = add_tabulated_gradient(prior, weights, gradient, scale, config.table_error)
    if statistics is None:
        statistics = add_exact_gradient(prior, weights, gradient, scale)
    loss = set_mixture_gradients(prior, statistics, scale)
    return Complexity(loss, float(statistics.shares[0]) / max(1, weights.numel()))


def add_autograd_gradient(
    prior: GaussianMixturePrior,
    weights: Float[Tensor, " weights"],
    gradient: Float[Tensor, " weights"],
    scale: float,
) -> Complexity:
    """Do the same by automatic differentiation of the formula as it stands, slow and large.

    It is the reference that the other forms are measured against.
    """
    leaf = weights.detach().requires_grad_()
    mixture = prior.mixture
    trained = [mixture.means, mixture.log_precisions, mixture.mixing_logits]
    if prior.zero_proportion is not None:
        trained.append(mixture.zero_mixing_logit)
    for parameter in trained:
        parameter.requires_grad_()
    joint = mixture.log_joint(leaf)
    loss = -torch.logsumexp(joint, dim=1).sum() + prior.hyper_loss()
    slope, *slopes = torch.autograd.grad(loss, [leaf, *trained])
    gradient.add_(slope, alpha=scale)
    for parameter, its_slope in zip(trained, slopes, strict=True):
        parameter.requires_grad_(False)
        parameter.grad = scale * its_slope
    assert mixture.means.grad is not None
    mixture.means.grad[0] = 0
    zero_share = torch.softmax(joint.detach(), dim=1)[:, 0].mean()
    return Complexity(float(loss.detach()), float(zero_share))
