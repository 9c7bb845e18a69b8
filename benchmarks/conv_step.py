"""A plain training step of the convolutional networks in several layouts and precisions.

A step is what every training here repeats: batch, forward, loss, backward, fused Adam on the flat
weights; one thread, no prior. The variants take turns in short blocks, so that a slow spell of the
machine meets all of them; ratios are taken within each round against torch's own layout, and the
median over the rounds is kept.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy, linear, pad

from benchmarks.record import write_result
from core.networks import build_network, description
from core.networks.convolution import Conv2d
from core.retraining import FlatWeights
from core.runtime import use_one_thread

SEED = 0
ROUNDS = 9
BATCH_SIZES = {"lenet_5_caffe": 256, "tutorial": 256, "wrn_16_4": 64}
STEPS = {"lenet_5_caffe": 8, "tutorial": 20, "wrn_16_4": 1}
NUM_EXAMPLES = 2000

Step = Callable[[], None]


@dataclass(frozen=True)
class Variant:
    """A way to take a step.

    Attributes:
        first: the class of the first convolution.
        others: the class of all others.
        bfloat16: whether the forward pass is in mixed precision.
    """

    first: type[nn.Conv2d]
    others: type[nn.Conv2d]
    bfloat16: bool = False


class PatchConv2d(nn.Conv2d):
    """A convolution as one product of all image patches with the weights ("im2col")."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 -- torch's name
        """Convolve images; the output has its channels last in memory."""
        (vertical, horizontal), (height, width) = self.stride, self.kernel_size
        above, left = (int(padding) for padding in self.padding)
        padded = pad(input, (left, left, above, above))
        patches = padded.unfold(2, height, vertical).unfold(3, width, horizontal)
        rows = patches.permute(0, 2, 3, 1, 4, 5).flatten(3)
        return linear(rows, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


VARIANTS = {
    "torch's layout": Variant(nn.Conv2d, nn.Conv2d),
    "channels last": Variant(Conv2d, Conv2d),
    "first by patches": Variant(PatchConv2d, Conv2d),
    "torch's layout, bfloat16": Variant(nn.Conv2d, nn.Conv2d, bfloat16=True),
    "channels last, bfloat16": Variant(Conv2d, Conv2d, bfloat16=True),
}
BASELINE = "torch's layout"


def make_step(name: str, variant: Variant) -> Step:
    """Return a step of a network whose convolutions are replaced by the variant's."""
    described = description(name)
    network = build_network(name).train()
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for module, kind in zip(
        convolutions, [variant.first] + [variant.others] * (len(convolutions) - 1), strict=True
    ):
        module.__class__ = kind
    weights = FlatWeights.from_network(network)
    flat = nn.Parameter(weights.values)
    flat.grad = weights.gradient
    optimiser = torch.optim.Adam([flat, *weights.others.values()], lr=1e-3, fused=True)
    inputs = torch.rand(NUM_EXAMPLES, *described.input_shape)
    labels = torch.randint(0, described.num_classes, (NUM_EXAMPLES,))

    def step() -> None:
        examples = torch.randint(0, NUM_EXAMPLES, (BATCH_SIZES[name],))
        weights.zero_gradient()
        with torch.autocast("cpu", torch.bfloat16, enabled=variant.bfloat16):
            outputs = network(inputs[examples])
        torch.autograd.backward(cross_entropy(outputs.float(), labels[examples]))
        optimiser.step()

    return step


def measure(name: str) -> dict[str, object]:
    """Return the times of all variants of a step of one network, over torch's own layout."""
    steps = {key: make_step(name, variant) for key, variant in VARIANTS.items()}
    for step in steps.values():
        step()  # warms the caches
    seconds: dict[str, list[float]] = {key: [] for key in steps}
    for _ in range(ROUNDS):
        for key, step in steps.items():
            start = time.perf_counter()
            for _ in range(STEPS[name]):
                step()
            seconds[key].append((time.perf_counter() - start) / STEPS[name])
    ratios = {
        key: [ours / base for ours, base in zip(times, seconds[BASELINE], strict=True)]
        for key, times in seconds.items()
    }
    return {
        "batch_size": BATCH_SIZES[name],
        "baseline_milliseconds_median": round(1e3 * statistics.median(seconds[BASELINE]), 2),
        "over_baseline": {
            key: {
                "median": round(statistics.median(values), 3),
                "min": round(min(values), 3),
                "max": round(max(values), 3),
            }
            for key, values in ratios.items()
        },
    }


def main() -> None:
    use_one_thread()
    torch.manual_seed(SEED)
    networks = {name: measure(name) for name in BATCH_SIZES}
    path = write_result(
        "conv_step",
        [SEED],
        {"threads": 1, "rounds": ROUNDS, "baseline": BASELINE, "networks": networks},
    )
    for name, network in networks.items():
        print(name, network)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
