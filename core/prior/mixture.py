"""The Gaussian mixture over the weights, Eq. 5 of Ullrich et al. 2017, and the prior it is part of.

Component 0 is the zero component: its mean is zero for ever, its mixing proportion is fixed or
trained on its own logit. The others share what it leaves by a softmax, so that the proportions
are normalised once and the same ones train the network and assign its weights.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.checkpoint import State, fill, restore_generator
from core.prior.config import PriorConfig
from core.prior.hyper_priors import BetaHyperPrior, GammaHyperPrior
from core.prior.initialisation import MIN_STD, check_weights, initial_components

# The mixture has few numbers and its gradients sum over all weights: it lives in double precision.
DTYPE = torch.float64
LOG_PRECISION_LIMIT = -2 * math.log(MIN_STD)


@dataclass
class GaussianMixture:
    """Parameters of the mixture, all on one device in double precision.

    Attributes:
        means: means of the components; the zero component's is not trained.
        log_precisions: logarithms of 1 / sigma².
        zero_mixing_logit: logit of the zero component's mixing proportion.
        mixing_logits: softmax logits by which the other components share the rest.
    """

    means: Float[Tensor, " components"]
    log_precisions: Float[Tensor, " components"]
    zero_mixing_logit: Float[Tensor, ""]
    mixing_logits: Float[Tensor, " others"]

    @property
    def num_components(self) -> int:
        """Number of components, the zero one included."""
        return self.means.numel()

    @property
    def stds(self) -> Float[Tensor, " components"]:
        """Standard deviations of the components."""
        return (-0.5 * self.log_precisions).exp()

    def parameters(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the four tensors in the order of the fields."""
        return self.means, self.log_precisions, self.zero_mixing_logit, self.mixing_logits

    def log_mixing_proportions(self) -> Float[Tensor, " components"]:
        """Return log pi_j; they sum to one after ``exp``."""
        log_zero = torch.nn.functional.logsigmoid(self.zero_mixing_logit)
        log_rest = torch.nn.functional.logsigmoid(-self.zero_mixing_logit)
        return torch.cat(
            [log_zero.reshape(1), log_rest + torch.log_softmax(self.mixing_logits, dim=0)]
        )

    def log_scales(self) -> Float[Tensor, " components"]:
        """Return log pi_j + 0.5 log(lambda_j / 2 pi), what log_joint is at a component's mean."""
        return self.log_mixing_proportions() + 0.5 * (self.log_precisions - math.log(2 * math.pi))

    def log_joint(self, weights: Float[Tensor, " weights"]) -> Float[Tensor, "weights components"]:
        """Return log pi_j N(w_i; mu_j, sigma_j²) for every weight and component."""
        distance = weights.to(DTYPE)[:, None] - self.means
        return self.log_scales() - 0.5 * self.log_precisions.exp() * distance.square()

    def negative_log_likelihood(self, weights: Float[Tensor, " weights"]) -> Float[Tensor, ""]:
        """Return -sum_i log p(w_i) in nats."""
        return -torch.logsumexp(self.log_joint(weights), dim=1).sum()

    def assign(self, weights: Float[Tensor, " weights"]) -> Int[Tensor, " weights"]:
        """Return for each weight the component that takes most responsibility (paper §4.3)."""
        # into one place: results between the chunks' temporaries would scatter the free memory
        assigned = torch.empty_like(weights, dtype=torch.int64)
        for chunk, its_place in zip(weights.split(1 << 16), assigned.split(1 << 16), strict=True):
            torch.argmax(self.log_joint(chunk), dim=1, out=its_place)
        return assigned


def zero_interval(mixture: GaussianMixture) -> tuple[float, float]:
    """Return the ends of the interval around zero that the zero component claims.

    A weight inside it gets most responsibility from the zero component. The logarithm of its
    advantage over another component is a quadratic function of the weight, so the ends are the
    roots next to zero: infinite where nobody takes over, both zero where another claims zero.
    """
    precisions, scales = mixture.log_precisions.exp(), mixture.log_scales()
    pulls = precisions * mixture.means
    square = 0.5 * (precisions[1:] - precisions[0])
    linear = -pulls[1:]
    constant = scales[0] - scales[1:] + 0.5 * (pulls * mixture.means)[1:]
    if bool((constant <= 0).any()):
        return 0.0, 0.0
    # Of -b ± sqrt(b² - 4ac) only the sum of equal signs is free of cancellation; the other root is
    # c / (a r). A quadratic without roots gives NaN, which no comparison below lets through.
    numerator = linear + torch.copysign((linear.square() - 4 * square * constant).sqrt(), linear)
    roots = torch.cat([-0.5 * numerator / square, -2 * constant / numerator])
    low = torch.where(roots < 0, roots, -math.inf).max()
    high = torch.where(roots > 0, roots, math.inf).min()
    return float(low), float(high)


@dataclass
class GaussianMixturePrior:
    """The mixture together with the hyper-priors on its precisions and its zero proportion.

    Attributes:
        mixture: the Gaussian mixture over the weights.
        config: modes and strengths of the hyper-priors.
        zero_std: width at which the zero component's hyper-prior has its mode now; it moves
            while the width is annealed.
        precisions: Gamma hyper-priors, one a component.
        zero_proportion: Beta hyper-prior, None while the zero mixing proportion is fixed.
        generator: the sampled form draws from it.
    """

    mixture: GaussianMixture
    config: PriorConfig
    zero_std: float
    precisions: GammaHyperPrior
    zero_proportion: BetaHyperPrior | None
    generator: torch.Generator

    @classmethod
    def from_weights(
        cls, weights: Float[Tensor, " weights"], config: PriorConfig, seed: int = 0
    ) -> "GaussianMixturePrior":
        """Initialise the mixture on pre-trained weights (paper §4.2).

        The trained components share what the zero component leaves in equal proportions.

        Args:
            weights: all weights the prior will act on.
            config: the prior and its hyper-priors.
            seed: seed of the weights that the sampled form draws.

        Raises:
            RetrainError: there is no weight, not all are finite, or they have fewer distinct
                values than the mixture components.
        """
        check_weights(weights, config)
        device = weights.device
        zero_std = config.zero_std_initial or config.zero_std_mode
        zero = config.zero_mixing_proportion
        means, stds = initial_components(weights, config)
        mixture = GaussianMixture(
            means=torch.cat([means.new_zeros(1), means]),
            log_precisions=-2 * torch.cat([stds.new_tensor([zero_std]), stds]).log(),
            zero_mixing_logit=torch.tensor(math.log(zero / (1 - zero)), dtype=DTYPE, device=device),
            mixing_logits=torch.zeros_like(means),
        )
        zero_proportion = (
            BetaHyperPrior.from_mode(config.zero_mixing_mode, config.zero_mixing_pseudo_count)
            if config.learn_zero_mixing_proportion
            else None
        )
        precisions = gamma_hyper_prior(config, zero_std, device)
        generator = torch.Generator(device).manual_seed(seed)
        return cls(mixture, config, zero_std, precisions, zero_proportion, generator)

    def move_zero_std(self, std: float) -> None:
        """Move the mode of the zero component's Gamma hyper-prior, and the component with it.

        What is trained is where the width lies relative to the mode. So the component keeps up
        with its schedule at any learning rate and number of steps.
        """
        if std == self.zero_std:
            return
        self.mixture.log_precisions[0] += 2 * math.log(self.zero_std / std)
        self.zero_std = std
        self.precisions = gamma_hyper_prior(self.config, std, self.mixture.means.device)

    def state(self) -> State:
        """Return what training changes."""
        return {
            "mixture": list(self.mixture.parameters()),
            "zero_std": self.zero_std,
            "generator": self.generator.get_state(),
        }

    def restore(self, state: State) -> None:
        """Take over what training changed in another prior of the same configuration."""
        self.move_zero_std(state["zero_std"])
        for parameter, value in zip(self.mixture.parameters(), state["mixture"], strict=True):
            fill(parameter, value)
        restore_generator(self.generator, state["generator"])

    def hyper_loss(self) -> Float[Tensor, ""]:
        """Return the negative log density of the hyper-priors in nats, up to a constant."""
        loss = self.precisions.negative_log_density(self.mixture.log_precisions)
        if self.zero_proportion is not None:
            loss = loss + self.zero_proportion.negative_log_density(self.mixture.zero_mixing_logit)
        return loss


def gamma_hyper_prior(
    config: PriorConfig, zero_std: float, device: torch.device
) -> GammaHyperPrior:
    """Build the Gamma hyper-priors of all components, the zero one's mode at ``zero_std``."""
    others = config.num_components - 1
    return GammaHyperPrior.from_mode(
        std=torch.tensor([zero_std] + [config.std_mode] * others, dtype=DTYPE, device=device),
        strength=torch.tensor(
            [config.zero_std_strength] + [config.std_strength] * others, dtype=DTYPE, device=device
        ),
    )
