"""Configuration of the Gaussian-mixture prior and of its hyper-priors (paper §4.1, Appendix B)."""

from dataclasses import dataclass
from enum import Enum

from core.errors import require


class Initialisation(Enum):
    """Where the means begin: evenly over a range, or on equal shares of the weights (§4.2)."""

    even = "even"
    equal_mass = "equal_mass"


class PriorForm(Enum):
    """How the complexity loss and its gradients are computed.

    All forms agree within a bound but ``sampled``, which agrees on average (Appendix C).
    """

    tabulated = "tabulated"
    exact = "exact"
    sampled = "sampled"
    autograd = "autograd"


@dataclass(kw_only=True)
class PriorConfig:
    """The mixture over the weights and the hyper-priors on its parameters.

    Widths are standard deviations in units of the weights. A Gamma hyper-prior on a precision is
    given by the standard deviation at its mode, sqrt(beta / (alpha - 1)), and by its strength
    2 (alpha - 1), the number of weights whose evidence it equals; (alpha, beta) themselves form a
    ridge that a search should not walk. The Beta hyper-prior on the zero mixing proportion is
    given by its mode and its pseudo-count alpha + beta (paper, Appendix B.2).

    Attributes:
        num_components: components with the zero one, J + 1 in the paper's counting.
        initialisation: whether the means start evenly over a range, or each component on an equal
            share of the pre-trained weights.
        means_range: the means start evenly over plus/minus this; None takes the range of the
            weights (paper §4.2). Without effect under ``equal_mass``.
        zero_mixing_proportion: initial mixing proportion of the zero component.
        learn_zero_mixing_proportion: whether it is trained (under its Beta hyper-prior) or fixed.
        zero_mixing_mode: mode of the Beta hyper-prior.
        zero_mixing_pseudo_count: pseudo-count of the Beta hyper-prior, in weights.
        zero_std_initial: width of the zero component at the start of the annealing; None starts
            at ``zero_std_mode``, which is the published method without annealing.
        zero_std_mode: width at the mode of the zero component's Gamma hyper-prior at the end.
        zero_std_strength: strength of that hyper-prior, in weights; 0 switches it off.
        std_initial: initial width of the other components; None makes each as wide as the region
            that it begins on (paper §4.2).
        std_mode: width at the mode of the other components' Gamma hyper-priors.
        std_strength: strength of those hyper-priors, in weights each; 0 switches them off.
        anneal_start: fraction of the training at which the zero component starts to narrow.
        anneal_end: fraction of the training at which it has reached ``zero_std_mode``.
        form: how the complexity loss is computed.
        num_sampled: weights that the sampled form draws a step, K in Appendix C; as many as there
            are, or more, makes it exact.
        table_error: bound on the error of the tabulated slope, relative to the largest slope
            between the smallest and the largest weight.
    """

    num_components: int = 9
    initialisation: Initialisation = Initialisation.even
    means_range: float | None = 0.7
    zero_mixing_proportion: float = 0.99
    learn_zero_mixing_proportion: bool = True
    zero_mixing_mode: float = 0.99
    zero_mixing_pseudo_count: float = 1e7
    zero_std_initial: float | None = 0.2
    zero_std_mode: float = 0.004
    zero_std_strength: float = 1e6
    std_initial: float | None = 0.2
    std_mode: float = 0.15
    std_strength: float = 500.0
    anneal_start: float = 0.05
    anneal_end: float = 0.85
    form: PriorForm = PriorForm.tabulated
    num_sampled: int = 16_384
    table_error: float = 1e-3

    def __post_init__(self) -> None:
        for name in ("zero_mixing_proportion", "zero_mixing_mode"):
            value = getattr(self, name)
            require(0 < value < 1, f"prior.{name}", "> 0 and < 1", value)
        for name in ("zero_std_mode", "std_mode", "zero_mixing_pseudo_count"):
            value = getattr(self, name)
            require(value > 0, f"prior.{name}", "> 0", value)
        for name in ("zero_std_strength", "std_strength"):
            value = getattr(self, name)
            require(value >= 0, f"prior.{name}", ">= 0", value, "0 switches the hyper-prior off")
        for name in ("zero_std_initial", "std_initial", "means_range"):
            value = getattr(self, name)
            require(value is None or value > 0, f"prior.{name}", "> 0 or null", value)
        require(
            self.num_components >= 2,
            "prior.num_components",
            ">= 2",
            self.num_components,
            "the zero component needs at least one other beside it",
        )
        require(
            0 <= self.anneal_start < self.anneal_end <= 1,
            "prior.anneal_start",
            "in [0, 1] and below prior.anneal_end",
            f"{self.anneal_start} with prior.anneal_end={self.anneal_end}",
        )
        require(self.num_sampled >= 1, "prior.num_sampled", ">= 1", self.num_sampled)
        require(
            0 < self.table_error <= 0.1, "prior.table_error", "> 0 and <= 0.1", self.table_error
        )

    @property
    def zero_component_widens(self) -> bool:
        """Whether the zero component ends wider than it begins."""
        return self.zero_std_initial is not None and self.zero_std_initial < self.zero_std_mode
