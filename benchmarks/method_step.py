"""A training step of each method over a plain step: what the method itself costs.

``python -m benchmarks.method_step`` takes each method's own code through a short training with its
whole schedule, on LeNet-300-100 and LeNet-5-Caffe and one thread, and takes the time from step to
step, as the processor spent it. A plain step has the same batch, distillation and optimiser and
nothing else. Each round times the plain step beside every method; what is told is the median over
rounds of the ratio. The bars are those that were set beforehand: at most twice a plain step, three
times for variational methods.
"""

import statistics
import sys
import time
from dataclasses import dataclass, field, replace

from benchmarks.inputs import load_inputs
from benchmarks.record import write_result
from core.checkpoint import Journal
from core.data import Data, Split
from core.methods import MethodName, make_method
from core.methods.training import Addition, train
from core.preparation import Preparation, prepare
from core.reference import ReferenceNetwork
from core.retraining import FlatWeights, Reporter
from core.runtime import use_one_thread
from search.configuration import SoftshareConfig, compose, with_params

NUM_STEPS = {"lenet_300_100": 60, "lenet_5_caffe": 16}
NUM_ROUNDS = 3
BARS = {
    "bayesian_compression": 3.0,
    "variational_dropout": 3.0,
    "variational_quantization": 3.0,
}
"""Most plain steps that a step may take, 2 where none is named."""


@dataclass
class Clock:
    """Takes the time before every step; wants no checkpoint."""

    last: bytes | None = None
    times: list[float] = field(default_factory=list)

    def due(self) -> bool:
        """Take the time."""
        self.times.append(time.process_time())
        return False

    def keep(self, checkpoint: bytes) -> None:
        """Take no checkpoint."""
        raise AssertionError("none is due")

    def seconds(self) -> float:
        """Return the median time from one step to the next, in seconds."""
        return statistics.median(b - a for a, b in zip(self.times, self.times[1:], strict=False))


def few(data: Data, num_images: int) -> Data:
    """Return data of which few images are trained on and hardly any are measured on."""

    def first(split: Split, number: int) -> Split:
        return Split(inputs=split.inputs[:number], labels=split.labels[:number])

    return replace(data, train=first(data.train, num_images), validation=first(data.validation, 10))


def begin(
    reference: ReferenceNetwork, data: Data, config: SoftshareConfig, clock: Clock
) -> Preparation:
    report = Reporter(1, 9, None, Journal(clock, ""))
    return prepare(reference, data, config.retrain, config.shrinking, report)


def plain_seconds(reference: ReferenceNetwork, data: Data, config: SoftshareConfig) -> float:
    """Return the seconds of a plain step."""
    clock = Clock()
    start = begin(reference, data, config, clock)
    weights = FlatWeights.from_network(start.network)
    train(start, weights, config.retrain, "plain", Addition())
    return clock.seconds()


def method_seconds(reference: ReferenceNetwork, data: Data, config: SoftshareConfig) -> float:
    """Return the seconds of a step of the configured method."""
    clock = Clock()
    start = begin(reference, data, config, clock)
    method = make_method(config.method, config.prior, config.retrain, config.post_processing)
    method.cluster(start)
    return clock.seconds()


def measure(network: str, num_rounds: int) -> dict[str, dict[str, float]]:
    """Return the ratios of all methods that train."""
    config = compose([f"model={network}"])
    whole, data = load_inputs(config)
    changes = {"retrain.num_epochs": 1, "retrain.stop_hopeless": False}
    images = few(data, NUM_STEPS[network] * config.retrain.batch_size)
    names = [name.value for name in MethodName if name is not MethodName.low_precision]
    configs = {n: with_params(config, {**changes, "method.name": n}) for n in names}
    ratios: dict[str, list[float]] = {name: [] for name in names}
    plain: list[float] = []
    for number in range(num_rounds + 1):
        for name in names:
            before = plain_seconds(whole, images, configs[name])
            taken = method_seconds(whole, images, configs[name])
            if number > 0:  # the first round compiles
                plain.append(before)
                ratios[name].append(taken / before)
    milliseconds = 1000 * statistics.median(plain)
    print(f"{network}: a plain step takes {milliseconds:.2f} ms", flush=True)
    found = {}
    for name, values in ratios.items():
        ratio, bar = statistics.median(values), BARS.get(name, 2.0)
        print(f"  {name}: {ratio:.2f} plain steps, bar {bar:g}", flush=True)
        found[name] = {
            "ratio": round(ratio, 3),
            "lowest": round(min(values), 3),
            "highest": round(max(values), 3),
            "bar": bar,
        }
    return {"plain_step_milliseconds": {"median": round(milliseconds, 3)}, **found}


def main() -> None:
    use_one_thread()
    num_rounds = int(sys.argv[1]) if len(sys.argv) > 1 else NUM_ROUNDS
    measured = {network: measure(network, num_rounds) for network in NUM_STEPS}
    settings = {"batch_size": compose().retrain.batch_size, "num_rounds": num_rounds, "threads": 1}
    print(f"written to {write_result('method_step', [0], {**settings, **measured})}")


if __name__ == "__main__":
    main()
