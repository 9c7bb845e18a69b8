"""Fine-tuning of the quantised network: codebooks and biases, at first assignments too.

A codebook entry's gradient is the sum of the gradients of the weights that it stands for (Han et
al. 2015a, §3). In the first part of the fine-tuning every weight that the retraining left non-zero
also keeps a latent value, which follows the gradient of the entry it stands at (a straight-through
estimate) and is assigned anew after each step: to the nearest entry, or where distortion and bits
together cost least (``rate_distortion``), which may be zero. Weights that the zero component
claimed stay zeros.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.checkpoint import State, fill
from core.data import Split
from core.errors import RetrainError
from core.evaluation import error
from core.post_processing.config import PostProcessingConfig
from core.post_processing.quantisation import QuantisedTensor
from core.post_processing.rate_distortion import assign, code_lengths, curvature
from core.retraining.epochs import Training
from core.retraining.error_loss import ErrorLoss
from core.retraining.flat_weights import FlatWeights
from core.retraining.reporting import Reporter
from core.retraining.schedule import cosine
from core.retraining.training_set import Batch, TrainingSet

BETA2 = 0.999
FIRST_CURVATURE = 20  # steps before Adam's second moment is an estimate to rely on
CODE_LENGTHS_EVERY = 50  # steps: they change slowly, and counting takes as long as a small step


class SharedWeights:
    """The weights that the retraining left non-zero, as copies of codebook entries.

    Attributes:
        codebooks: the trained values of each tensor, entry 0 being zero.
        latents: of each tensor the values that these weights would like to have.
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
        """Write the codebooks' values to all these weights."""
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
            total.index_add_(0, entries, latent.grad)
            total[0] = 0  # the zero stays zero
            codebook.grad = total

    def reassign_to_nearest(self) -> None:
        """Let every weight stand at the non-zero entry nearest to its latent value."""
        for index, (codebook, latent) in enumerate(zip(self.codebooks, self.latents, strict=True)):
            if len(latent) > 0:
                ascending, order = codebook[1:].sort()
                bounds = (ascending[1:] + ascending[:-1]) / 2
                self._move(index, 1 + order[torch.bucketize(latent, bounds)])

    def reassign_by_rate(
        self, curvatures: list[Tensor], lengths: list[Tensor], rate_weight: float
    ) -> None:
        """Let every weight stand where distortion and bits together cost least, zero included."""
        for index, latent in enumerate(self.latents):
            if len(latent) > 0:
                entries = assign(
                    latent, self.codebooks[index], curvatures[index], lengths[index], rate_weight
                )
                self._move(index, entries)

    def code_lengths(self) -> list[Tensor]:
        """Return of each tensor the nats that each entry would cost each of these weights."""
        return [
            code_lengths(tensor.indices.shape, places, entries, len(codebook))
            for tensor, places, entries, codebook in zip(
                self.tensors, self.places, self.entries, self.codebooks, strict=True
            )
        ]

    def state(self) -> State:
        """Return what training changes, beside the weights themselves."""
        return {
            "entries": list(self.entries),
            "codebooks": list(self.codebooks),
            "latents": list(self.latents),
        }

    def restore(self, state: State) -> None:
        """Take over what training changed in the same weights elsewhere."""
        for index, entries in enumerate(state["entries"]):
            self._move(index, entries.to(self.entries[index].device))
            fill(self.codebooks[index], state["codebooks"][index])
            fill(self.latents[index], state["latents"][index])

    def _move(self, index: int, entries: Tensor) -> None:
        self.entries[index] = entries
        self.tensors[index].indices.view(-1)[self.places[index]] = entries


def fine_tune(
    network: nn.Module,
    weights: FlatWeights,
    tensors: list[QuantisedTensor],
    training_set: TrainingSet,
    error_loss: ErrorLoss,
    validation: Split,
    config: PostProcessingConfig,
    batch_size: int,
    seed: int,
    report: Reporter,
) -> None:
    """Train codebooks and biases in place; the network ends with the quantised weights in it.

    Args:
        network: the network whose weights are views of ``weights``.
        weights: the retrained weights; replaced by their codebook entries.
        tensors: the quantised tensors in the order of ``weights``; indices and codebooks are
            trained.
        training_set: what is trained on.
        error_loss: the error loss of a batch.
        validation: data for the reports only.
        config: number of epochs, rate and assignment; no epochs only writes the quantised weights.
        batch_size: training examples a step.
        seed: seed of the order of the batches.
        report: takes an ``EpochReport`` an epoch.

    Raises:
        RetrainError: the loss is not finite.
    """
    shared = SharedWeights(weights, tensors)
    optimiser = torch.optim.Adam(
        [
            {"params": [*shared.codebooks, *weights.others.values()]},
            {"params": shared.latents},
        ],
        lr=config.lr_codebook,
        betas=(0.9, BETA2),
    )
    num_examples = len(training_set)
    lengths: list[Tensor] | None = None

    def save() -> State:
        return {"shared": shared.state(), "lengths": lengths}

    def restore(state: State) -> None:
        nonlocal lengths
        shared.restore(state["shared"])
        if state["lengths"] is not None:
            lengths = [length.to(weights.values.device) for length in state["lengths"]]

    training = Training(
        "fine_tune",
        network,
        optimiser,
        training_set,
        batch_size,
        config.fine_tuning_epochs,
        torch.Generator().manual_seed(seed),
        report.journal,
        save,
        restore,
    )
    num_steps = training.num_steps

    def reassign(done: int) -> None:
        nonlocal lengths
        if config.rate_weight == 0 or done < FIRST_CURVATURE:
            shared.reassign_to_nearest()
            return
        if lengths is None or done % CODE_LENGTHS_EVERY == 0:
            lengths = shared.code_lengths()
        curvatures = [
            curvature(optimiser.state[latent]["exp_avg_sq"], done, BETA2, batch_size)
            for latent in shared.latents
        ]
        shared.reassign_by_rate(curvatures, lengths, config.rate_weight / num_examples)

    def step(batch: Batch, done: int) -> Tensor:
        for group in optimiser.param_groups:
            group["lr"] = config.lr_codebook * cosine(done / num_steps, 0.0)
        weights.zero_gradient()
        loss = error_loss.of(network, batch)
        torch.autograd.backward(loss)
        shared.collect_gradients()
        optimiser.step()
        if done + 1 <= config.reassign_until * num_steps:
            reassign(done + 1)
        shared.write()
        return loss

    for _, mean_loss in training.epochs(step):
        if not math.isfinite(mean_loss):
            raise RetrainError(f"the error loss is {mean_loss} while the codebooks are fine-tuned")
        nonzero_fraction = sum(t.num_nonzeros for t in tensors) / max(1, weights.values.numel())
        report("fine_tune", mean_loss, 0.0, nonzero_fraction, error(network, validation))
