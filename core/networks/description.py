"""What is known of a network before one is built."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from core.networks.treatment import STANDARD, Treatment


@dataclass(frozen=True, kw_only=True)
class NetworkDescription:
    """A network by name, and what it takes to build, train and feed it.

    Attributes:
        name: how configurations and compressed files call it.
        build: makes it with fresh random weights, drawn from torch's global generator. It maps a
            batch of inputs to unnormalised log-probabilities, one column a class.
        input_shape: shape of one input, without the batch.
        num_classes: columns of its output.
        dropout_after: modules whose outputs the reference training thins out by dropout, by name.
            Dropout belongs to that training; a network that is compressed and used has none.
        chains: runs of weight layers, by the names of their modules, in the order of the data.
            Between two neighbours lie only element-wise functions, pooling, batch norms and
            flattening, so that a unit (an output row or filter) of the one feeds only the other.
        treatment: which of its tensors are clustered.
        source: who described it, where.
    """

    name: str
    build: Callable[[], nn.Module]
    input_shape: tuple[int, ...]
    num_classes: int
    dropout_after: tuple[str, ...] = ()
    chains: tuple[tuple[str, ...], ...] = ()
    treatment: Treatment = STANDARD
    source: str = ""
