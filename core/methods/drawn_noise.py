"""Noise drawn for the weights themselves, once a step, where a layer's outputs cannot have it.

With w = θ + σ ε the gradients are those of the drawn weights: dL/dθ = dL/dw and
dL/d log σ² = ½ σ ε dL/dw (Kingma & Welling 2014, "Auto-encoding variational Bayes", §2.4).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class DrawnTensor:
    """A tensor that noise is drawn for.

    Attributes:
        values: means θ of its weights, a view of the network's.
        gradient: where back-propagation adds their gradient.
        log_variances: log σ² of each; its ``grad`` is added to.
    """

    values: Float[Tensor, "..."]
    gradient: Float[Tensor, "..."]
    log_variances: nn.Parameter

    @contextmanager
    def in_use(self, generator: torch.Generator) -> Iterator[None]:
        """Let the network meanwhile have drawn weights; then hand on what was back-propagated.

        Args:
            generator: the noise is drawn from it.
        """
        means = self.values.clone()
        noise = drawn(self.log_variances, generator)
        self.values.add_(noise)
        try:
            yield
        finally:
            self.values.copy_(means)
        assert self.log_variances.grad is not None
        self.log_variances.grad.addcmul_(self.gradient, noise, value=0.5)


@contextmanager
def all_in_use(tensors: Sequence[DrawnTensor], generator: torch.Generator) -> Iterator[None]:
    """Let the network have drawn weights in all of these tensors."""
    with ExitStack() as drawing:
        for tensor in tensors:
            drawing.enter_context(tensor.in_use(generator))
        yield


def drawn(log_variances: Tensor, generator: torch.Generator) -> Tensor:
    """Return normal noise with these variances."""
    stds = (0.5 * log_variances.detach()).exp()
    return torch.empty_like(stds).normal_(generator=generator).mul_(stds)
