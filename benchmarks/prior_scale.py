"""Time and extra memory of the tabulated prior by number of weights and of components.

Every size runs in a process of its own, on one thread. Extra memory is the peak that the operating
system counted, less what the process held with weights and gradient in place: no allocation of
torch, numpy or compiled code escapes it, and the initialisation of the mixture is part of it. Times
are processor times of whole steps; the numbers of components take turns.
"""

import json
import re
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from benchmarks.record import write_result
from core.prior import GaussianMixturePrior, PriorConfig, add_complexity_gradient
from core.runtime import use_one_thread

SEED = 0
NUM_WEIGHTS = (10**5, 10**6, 10**7, 10**8)
COMPONENTS = (4, 16, 64)
STEPS = 9
SCALE = 1e-9


def config_of(num_components: int) -> PriorConfig:
    """Return a prior halfway through its annealing."""
    return PriorConfig(num_components=num_components, zero_std_initial=0.03)


def example_weights(num_weights: int) -> torch.Tensor:
    """Return weights of which one in twenty lies far from zero."""
    weights = torch.empty(num_weights).normal_(0, 0.02)
    weights[::20].mul_(15)
    return weights


def held_bytes(which: str) -> int:
    """Return the memory that this process holds, now (``VmRSS``) or at its peak (``VmHWM``)."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return 1024 * int(found.group(1))


def measure(num_weights: int) -> dict[str, Any]:
    """Measure one number of weights in this process."""
    use_one_thread()
    torch.manual_seed(SEED)
    few = example_weights(10_000)
    for num_components in COMPONENTS:  # compiles, which takes memory of its own
        config = config_of(num_components)
        prior = GaussianMixturePrior.from_weights(few, config)
        add_complexity_gradient(prior, few, torch.zeros_like(few), SCALE, config)
    weights = example_weights(num_weights)
    gradient = torch.full_like(weights, 1e-9)
    before = held_bytes("VmRSS")
    priors = [GaussianMixturePrior.from_weights(weights, config_of(j)) for j in COMPONENTS]
    seconds: list[list[float]] = [[] for _ in COMPONENTS]
    for _ in range(STEPS):
        for prior, times in zip(priors, seconds, strict=True):
            start = time.process_time()
            add_complexity_gradient(prior, weights, gradient, SCALE, prior.config)
            times.append(time.process_time() - start)
    extra = held_bytes("VmHWM") - before
    return {
        "num_weights": num_weights,
        "extra_mebibytes": round(extra / 2**20, 2),
        "extra_copies_of_the_weights": round(extra / (4 * num_weights), 3),
        "steps": [
            {
                "num_components": num_components,
                "milliseconds_median": round(1e3 * statistics.median(times), 3),
                "nanoseconds_a_weight_median": round(
                    1e9 * statistics.median(times) / num_weights, 3
                ),
            }
            for num_components, times in zip(COMPONENTS, seconds, strict=True)
        ],
        "most_over_fewest_components_median": round(
            statistics.median(m / f for f, m in zip(seconds[0], seconds[-1], strict=True)), 3
        ),
    }


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
        return
    sizes = []
    for num_weights in NUM_WEIGHTS:
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.prior_scale", str(num_weights)],
            check=True,
            capture_output=True,
            text=True,
        )
        sizes.append(json.loads(child.stdout))
        print(child.stdout.strip(), flush=True)
    growth = [
        {
            "from_num_weights": small["num_weights"],
            "to_num_weights": large["num_weights"],
            "time_a_weight_ratio": {
                str(a["num_components"]): round(
                    b["nanoseconds_a_weight_median"] / a["nanoseconds_a_weight_median"], 3
                )
                for a, b in zip(small["steps"], large["steps"], strict=True)
            },
        }
        for small, large in pairwise(sizes)
    ]
    path = write_result("prior_scale", [SEED], {"threads": 1, "sizes": sizes, "growth": growth})
    print(f"written to {path}")


if __name__ == "__main__":
    main()
