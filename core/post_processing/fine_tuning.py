"""Fine-tuning of the quantised network: codebooks and biases, at first assignments too.

A codebook entry's gradient is the sum of the gradients of the weights that it stands for (Han et
al. 2015a, §3). In the first part of the fine-tuning every weight that is not zero also keeps a
latent value, which follows the gradient of the entry it stands at (a straight-through estimate)
and is assigned anew to the nearest entry after each step. Zeros stay zeros.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.data import Data
from core.errors import RetrainError
from core.evaluation import error
from core.post_processing.config import PostProcessingConfig
from core.post_processing.quantisation import QuantisedTensor
from core.retraining.batches import batches
from core.retraining.error_loss import ErrorLoss
from core.retraining.flat_weights import FlatWeights
from core.retraining.reporting import Reporter
from core.retraining.schedule import cosine


class SharedWeights:
    """The network's non-zero weights as copies of codebook entries.

    Attributes:
        codebooks: the trained values of each tensor, entry 0 being zero.
        latents: of each tensor the values that its non-zero weights would like to have.
    """

    def __init__(self, weights: FlatWeights, tensors: list[QuantisedTensor]) -> None:
        self.weights = weights
        self.places = [tensor.indices.reshape(-1).nonzero()[:, 0] for tensor in tensors]
        self.entries = [
            tensor.indices.reshape(-1)[places]
            for tensor, places in zip(tensors, self.places, strict=True)
        ]
        self.tensors = tensors
        self.codebooks = [tensor.codebook for tensor in tensors]
        self.latents = [
            values.reshape(-1)[places].clone()
            for values, places in zip(weights.split(weights.values), self.places, strict=True)
        ]
        weights.values.zero_()
        self.write()

    def write(self) -> None:
        """Write the codebooks' values to all weights that are not zero."""
        values = self.weights.split(self.weights.values)
        for value, places, entries, codebook in zip(
            values, self.places, self.entries, self.codebooks, strict=True
        ):
            value.view(-1)[places] = codebook.detach()[entries]

    def collect_gradients(self) -> None:
        """Give the latents the gradients of their weights, and the codebooks the sums of them."""
        gradients = self.weights.split(self.weights.gradient)
        for gradient, places, entries, codebook, latent in zip(
            gradients, self.places, self.entries, self.codebooks, self.latents, strict=True
        ):
            latent.grad = gradient.view(-1)[places]
            total: Float[Tensor, " entries"] = torch.zeros_like(codebook)
            codebook.grad = total.index_add_(0, entries, latent.grad)

    def reassign(self) -> None:
        """Let every non-zero weight stand at the entry nearest to its latent value."""
        for tensor, places, entries, latent in zip(
            self.tensors, self.places, self.entries, self.latents, strict=True
        ):
            if len(places) > 0:
                ascending, order = tensor.codebook[1:].sort()
                bounds = (ascending[1:] + ascending[:-1]) / 2
                entries.copy_(1 + order[torch.bucketize(latent, bounds)])
                tensor.indices.view(-1)[places] = entries


def fine_tune(
    network: nn.Module,
    weights: FlatWeights,
    tensors: list[QuantisedTensor],
    error_loss: ErrorLoss,
    data: Data,
    config: PostProcessingConfig,
    batch_size: int,
    seed: int,
    report: Reporter,
) -> None:
    """Train codebooks and biases in place; the network ends with the quantised weights in it.

    Args:
        network: the network whose weights are views of ``weights``.
        weights: the retrained weights; replaced by their codebook entries.
        tensors: the quantised tensors in the order of ``weights``; their codebooks are trained.
        error_loss: the error loss on ``data.train``.
        data: training data, and validation data for the reports only.
        config: number of epochs and rate; no epochs only writes the quantised weights.
        batch_size: training examples a step.
        seed: seed of the order of the batches.
        report: takes an ``EpochReport`` an epoch.

    Raises:
        RetrainError: the loss is not finite.
    """
    shared = SharedWeights(weights, tensors)
    nonzero_fraction = sum(t.num_nonzeros for t in tensors) / max(1, weights.values.numel())
    optimiser = torch.optim.Adam(
        [
            {"params": [*shared.codebooks, *weights.others.values()]},
            {"params": shared.latents},
        ],
        lr=config.lr_codebook,
    )
    num_examples = len(data.train)
    num_steps = config.fine_tuning_epochs * math.ceil(num_examples / batch_size)
    generator = torch.Generator().manual_seed(seed)
    step = 0
    for _ in range(config.fine_tuning_epochs):
        network.train()
        total_loss = 0.0
        for examples in batches(num_examples, batch_size, generator):
            for group in optimiser.param_groups:
                group["lr"] = config.lr_codebook * cosine(step / num_steps, 0.0)
            weights.zero_gradient()
            loss = error_loss(network(data.train.inputs[examples]), examples)
            loss.backward()
            shared.collect_gradients()
            optimiser.step()
            if step < config.reassign_until * num_steps:
                shared.reassign()
            shared.write()
            total_loss += float(loss.detach()) * len(examples)
            step += 1
        mean_loss = total_loss / num_examples
        if not math.isfinite(mean_loss):
            raise RetrainError(f"the error loss is {mean_loss} while the codebooks are fine-tuned")
        report(
            "fine_tune",
            mean_loss,
            0.0,
            nonzero_fraction,
            error(network, data.validation),
        )
