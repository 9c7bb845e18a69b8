"""A network of 100 million weights through a whole compression, in memory stated beforehand.

A language model of random weights: an embedding that its output shares, layers of attention, and
the next token as the class. Retraining and fine-tuning are cut to a few steps, so many that the
assignment by rate and distortion begins; everything else is what any compression does: the prior on
all weights, the assignment, k-means, the trace, the file, and the network that the file decodes to.
Each size runs in a process of its own, on one thread. Memory is the peak that the operating system
counted for that process. ``STATED`` was written down before the first run, from the copies of the
weights that the steps hold at a time: reference network, teacher, weights, gradient, two moments of
Adam, the trace's two, whole-number components and indices, and what k-means sorts of the largest
tensor.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.prior_scale import held_bytes
from benchmarks.record import write_result
from core.compress import CompressConfig, compress
from core.data import Data, own_data
from core.networks import own_network, state_of
from core.outcome import EpochReport
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig
from core.reference import ReferenceNetwork
from core.retraining import RetrainConfig
from core.runtime import use_one_thread

SEED = 0
STATED_BYTES_A_WEIGHT = 72
STATED_BYTES_BESIDE = 2**30
NUM_TOKENS = 8
PARTS = (8, 4, 4)


@dataclass(frozen=True)
class Size:
    """A language model.

    Attributes:
        width: numbers that stand for a token.
        layers: layers of attention, four times as wide inside.
        vocabulary: tokens.
    """

    width: int
    layers: int
    vocabulary: int


SIZES = {
    "10 million": Size(width=288, layers=8, vocabulary=7_000),
    "100 million": Size(width=768, layers=12, vocabulary=20_000),
}


class LanguageModel(nn.Module):
    """Reads some tokens and scores the next one."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size.vocabulary, size.width)
        layer = nn.TransformerEncoderLayer(
            size.width, 4, 4 * size.width, 0.0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, size.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(size.width)
        self.out = nn.Linear(size.width, size.vocabulary, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Return a score for each token of the vocabulary, (batch, vocabulary)."""
        read = self.encoder(self.embedding(tokens))
        scores: Tensor = self.out(self.norm(read[:, -1]))
        return scores


def random_text(size: Size) -> Data:
    """Return tokens at random, and which comes next."""
    random = torch.Generator().manual_seed(SEED)
    drawn = [
        torch.randint(size.vocabulary, (number, NUM_TOKENS + 1), generator=random)
        for number in PARTS
    ]
    drawn[0][0, -1] = size.vocabulary - 1  # the last class is there
    return own_data("random text", [(t[:, :-1], t[:, -1]) for t in drawn], num_validation=1)


def random_reference(size: Size) -> ReferenceNetwork:
    """Return a network of random weights, one in twenty of them far from zero."""
    described = own_network(
        "language_model", lambda: LanguageModel(size), (NUM_TOKENS,), size.vocabulary
    )
    torch.manual_seed(SEED)
    network = LanguageModel(size)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.02).view(-1)[::20].mul_(15)
    return ReferenceNetwork(
        network_name=described.name,
        state={name: tensor.detach() for name, tensor in state_of(network).items()},
        validation_error=1.0,
        test_error=1.0,
        num_parameters=sum(p.numel() for p in network.parameters()),
        described=described,
    )


def measure(size: Size) -> dict[str, Any]:
    """Compress one size in this process."""
    use_one_thread()
    reference, data = random_reference(size), random_text(size)
    start = time.perf_counter()
    stages: list[dict[str, Any]] = []

    def mark(stage: str) -> None:
        held, seconds = held_bytes("VmHWM"), time.perf_counter() - start
        stages.append({"until": stage, "peak_bytes": held, "seconds": round(seconds, 1)})

    def observe(report: EpochReport) -> None:
        mark(report.phase)

    mark("reference network")
    config = CompressConfig(
        prior=PriorConfig(zero_std_initial=None, zero_std_mode=0.02),
        retrain=RetrainConfig(num_epochs=1, batch_size=1, tau=1e-4, stop_hopeless=False),
        post_processing=PostProcessingConfig(
            fine_tuning_epochs=3,
            reassign_until=1.0,
            rate_weight=1e-9,  # there is nothing that random weights do well, and bits would win
        ),
    )
    outcome = compress(reference, data, config, observe)
    mark("decoded and measured")
    num_weights = reference.num_parameters
    stated = STATED_BYTES_A_WEIGHT * num_weights + STATED_BYTES_BESIDE
    peak = held_bytes("VmHWM")
    return {
        "num_weights": num_weights,
        "stated_bytes": stated,
        "peak_bytes": peak,
        "is_within": peak <= stated,
        "peak_bytes_a_weight": round(peak / num_weights, 1),
        "seconds": stages[-1]["seconds"],
        "microseconds_a_weight": round(1e6 * stages[-1]["seconds"] / num_weights, 3),
        "file_bytes": outcome.file_bytes,
        "nonzero_fraction": round(outcome.nonzero_fraction, 4),
        "stages": stages,
    }


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(SIZES[sys.argv[1]])))
        return
    sizes = []
    for name in SIZES:
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.large", name],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        sizes.append(json.loads(child.stdout))
        print(child.stdout.strip(), flush=True)
    small, large = sizes
    growth = {
        "num_weights_ratio": round(large["num_weights"] / small["num_weights"], 2),
        "seconds_ratio": round(large["seconds"] / small["seconds"], 2),
        "peak_ratio": round(large["peak_bytes"] / small["peak_bytes"], 2),
    }
    stated = {"bytes_a_weight": STATED_BYTES_A_WEIGHT, "bytes_beside": STATED_BYTES_BESIDE}
    measured = {"threads": 1, "stated": stated, "sizes": sizes, "growth": growth}
    print(f"written to {write_result('large', [SEED], measured)}")


if __name__ == "__main__":
    main()
