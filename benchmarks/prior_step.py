"""Step time with the prior over step time without it, LeNet-300-100 at batch 256 on one thread.

A step is what the retraining does: batch, forward, loss, backward, prior, Adam. All forms and
component counts take turns in short blocks, so that a slow spell of the machine meets all of
them; a ratio is taken within each round and the median over the rounds is kept. Two states of the
mixture are measured: as it starts (wide zero component) and as it ends (narrow).
"""

import statistics
import time
from collections.abc import Callable
from itertools import product

import torch

from benchmarks.record import write_result
from core.data import Split
from core.networks import build_network
from core.prior import PriorConfig, PriorForm
from core.retraining import ErrorLoss, FlatWeights, RetrainConfig, Retraining, TrainingSet
from core.retraining.training_set import Batch
from core.runtime import use_one_thread

SEED = 0
ROUNDS = 15
BATCH_SIZE = 256
NUM_EXAMPLES = 50_000
COMPONENTS = (9, 17, 64)
STEPS = {"plain": 40, PriorForm.tabulated: 40, PriorForm.exact: 4, PriorForm.autograd: 1}

Step = Callable[[], None]


ERROR_LOSS = ErrorLoss(distillation=1.0, temperature=2.0)


def example_data() -> TrainingSet:
    """Return random images and what a random network answers: time does not depend on values."""
    split = Split(
        inputs=torch.rand(NUM_EXAMPLES, 1, 28, 28), labels=torch.randint(0, 10, (NUM_EXAMPLES,))
    )
    return TrainingSet(split, build_network("lenet_300_100"), ERROR_LOSS.temperature)


def random_batch(training_set: TrainingSet, generator: torch.Generator) -> Batch:
    """Return a batch of random examples."""
    examples = torch.randint(0, len(training_set), (BATCH_SIZE,), generator=generator)
    return training_set.draw(examples, generator)


def plain_step(training_set: TrainingSet) -> Step:
    """Return a step of fused Adam on the flat weights, with no prior."""
    network = build_network("lenet_300_100")
    weights = FlatWeights.from_network(network)
    flat = torch.nn.Parameter(weights.values)
    flat.grad = weights.gradient
    optimiser = torch.optim.Adam([flat, *weights.others.values()], lr=1e-3, fused=True)
    generator = torch.Generator().manual_seed(SEED)

    def step() -> None:
        batch = random_batch(training_set, generator)
        weights.zero_gradient()
        ERROR_LOSS(network(batch.inputs), batch).backward()
        optimiser.step()

    return step


def step_with_prior(
    training_set: TrainingSet, form: PriorForm, num_components: int, narrow: bool
) -> Step:
    """Return a step of the retraining with the prior in one form and state."""
    prior = PriorConfig(
        form=form,
        num_components=num_components,
        zero_std_initial=None if narrow else 0.2,
        std_initial=0.02 if narrow else 0.2,
    )
    retraining = Retraining.of_network(
        build_network("lenet_300_100"), training_set, ERROR_LOSS, prior, RetrainConfig()
    )
    generator = torch.Generator().manual_seed(SEED)

    def step() -> None:
        retraining.step(random_batch(training_set, generator), 0.01)

    return step


def seconds_of(step: Step, num_steps: int) -> float:
    """Return the mean wall-clock seconds of a step."""
    start = time.perf_counter()
    for _ in range(num_steps):
        step()
    return (time.perf_counter() - start) / num_steps


def main() -> None:
    use_one_thread()
    torch.manual_seed(SEED)
    training_set = example_data()
    plain = plain_step(training_set)
    variants = list(product(PriorForm, COMPONENTS, (False, True)))
    steps = {v: step_with_prior(training_set, *v) for v in variants}
    for step in (plain, *steps.values()):
        step()  # compiles, and warms the caches
    ratios: dict[tuple[PriorForm, int, bool], list[float]] = {v: [] for v in variants}
    plains = []
    for _ in range(ROUNDS):
        plains.append(seconds_of(plain, STEPS["plain"]))
        for variant, step in steps.items():
            ratios[variant].append(seconds_of(step, STEPS[variant[0]]) / plains[-1])
    medians = {variant: statistics.median(ratio) for variant, ratio in ratios.items()}
    rows = [
        {
            "form": form.value,
            "num_components": num_components,
            "zero_component": "narrow" if narrow else "wide",
            "step_over_plain_step_median": round(medians[form, num_components, narrow], 3),
            "step_over_plain_step_min": round(min(ratios[form, num_components, narrow]), 3),
            "step_over_plain_step_max": round(max(ratios[form, num_components, narrow]), 3),
        }
        for form, num_components, narrow in variants
    ]
    growth = {
        "narrow" if narrow else "wide": round(
            statistics.median(
                many / few
                for many, few in zip(
                    ratios[PriorForm.tabulated, 64, narrow],
                    ratios[PriorForm.tabulated, 17, narrow],
                    strict=True,
                )
            ),
            3,
        )
        for narrow in (False, True)
    }
    path = write_result(
        "prior_step",
        [SEED],
        {
            "network": "lenet_300_100",
            "batch_size": BATCH_SIZE,
            "threads": 1,
            "rounds": ROUNDS,
            "plain_step_milliseconds_median": round(1e3 * statistics.median(plains), 3),
            "steps": rows,
            "tabulated_64_over_17_components": growth,
        },
    )
    for row in rows:
        print(
            f"{row['form']:>9} {row['num_components']:>3} components, {row['zero_component']:>6} "
            f"zero component: {row['step_over_plain_step_median']:.2f} x a plain step"
        )
    print(f"tabulated, 64 over 17 components: {growth}")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
