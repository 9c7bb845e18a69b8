"""Step time with the prior over step time without it, on one thread, for each network.

A step is what the retraining does: batch, forward, loss, backward, prior, Adam. All forms and
component counts take turns in short blocks, so that a slow spell of the machine meets all of
them; a ratio is taken within each round and the median over the rounds is kept. Times are
processor times, which other processes' turns on the core do not add to. Three states of the
retraining are measured: as it starts (wide zero component), as it ends (narrow), and with the
zero component's weights masked.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch

from benchmarks.record import write_result
from core.data import Split
from core.networks import description
from core.prior import PriorConfig, PriorForm
from core.retraining import ErrorLoss, FlatWeights, RetrainConfig, Retraining, TrainingSet
from core.retraining.training_set import Batch
from core.runtime import use_one_thread

SEED = 0
ERROR_LOSS = ErrorLoss(distillation=1.0, temperature=2.0)
STATES = ("wide", "narrow", "masked")

Step = Callable[[], None]
Variant = tuple[PriorForm, int, str]


@dataclass(frozen=True)
class Case:
    """What is measured of one network.

    Attributes:
        name: the network in the registry.
        batch_size: training examples a step.
        num_examples: training examples to draw from.
        components: numbers of components, the zero one included.
        steps: steps a round of each form that is measured.
        plain_steps: steps a round without a prior.
        rounds: turns of all of them.
        bar: what the tabulated form's ratio must not exceed.
    """

    name: str
    batch_size: int
    num_examples: int
    components: tuple[int, ...]
    steps: dict[PriorForm, int]
    plain_steps: int
    rounds: int
    bar: float


CASES = (
    Case(
        name="lenet_300_100",
        batch_size=256,
        num_examples=50_000,
        components=(9, 17, 64),
        steps={
            PriorForm.tabulated: 40,
            PriorForm.sampled: 20,
            PriorForm.exact: 4,
            PriorForm.autograd: 1,
        },
        plain_steps=40,
        rounds=15,
        bar=1.6,
    ),
    Case(
        name="lenet_5_caffe",
        batch_size=256,
        num_examples=2_000,
        components=(9, 64),
        steps={PriorForm.tabulated: 4},
        plain_steps=4,
        rounds=15,
        bar=1.15,
    ),
    Case(
        name="wrn_16_4",
        batch_size=64,
        num_examples=256,
        components=(64,),
        steps={PriorForm.tabulated: 1},
        plain_steps=1,
        rounds=11,
        bar=1.15,
    ),
)


def example_data(case: Case) -> TrainingSet:
    """Return random images and what a random network answers: time does not depend on values."""
    described = description(case.name)
    split = Split(
        inputs=torch.rand(case.num_examples, *described.input_shape),
        labels=torch.randint(0, described.num_classes, (case.num_examples,)),
    )
    return TrainingSet(split, described.build(), ERROR_LOSS.temperature)


def random_batches(training_set: TrainingSet, batch_size: int) -> Callable[[], Batch]:
    """Return what draws batches of random examples."""
    generator = torch.Generator().manual_seed(SEED)

    def draw() -> Batch:
        examples = torch.randint(0, len(training_set), (batch_size,), generator=generator)
        return training_set.draw(examples, generator)

    return draw


def plain_step(training_set: TrainingSet, case: Case) -> Step:
    """Return a step of fused Adam on the flat weights, with no prior."""
    network = description(case.name).build()
    weights = FlatWeights.from_network(network)
    flat = torch.nn.Parameter(weights.values)
    flat.grad = weights.gradient
    optimiser = torch.optim.Adam([flat, *weights.others.values()], lr=1e-3, fused=True)
    draw = random_batches(training_set, case.batch_size)

    def step() -> None:
        batch = draw()
        weights.zero_gradient()
        ERROR_LOSS(network(batch.inputs), batch).backward()
        optimiser.step()

    return step


def step_with_prior(training_set: TrainingSet, case: Case, variant: Variant) -> Step:
    """Return a step of the retraining with the prior in one form and state."""
    form, num_components, state = variant
    prior = PriorConfig(
        form=form,
        num_components=num_components,
        zero_std_initial=0.2 if state == "wide" else None,
        std_initial=0.2 if state == "wide" else 0.02,
    )
    retraining = Retraining.of_network(
        description(case.name).build(),
        training_set,
        ERROR_LOSS,
        prior,
        RetrainConfig(mask_from=0.0 if state == "masked" else 1.0),
    )
    draw = random_batches(training_set, case.batch_size)

    def step() -> None:
        retraining.step(draw(), 0.01)

    return step


def seconds_of(step: Step, num_steps: int) -> float:
    """Return the mean processor seconds of a step."""
    start = time.process_time()
    for _ in range(num_steps):
        step()
    return (time.process_time() - start) / num_steps


def measure(case: Case) -> dict[str, Any]:
    """Measure one network in all forms, component counts and states."""
    torch.manual_seed(SEED)
    training_set = example_data(case)
    plain = plain_step(training_set, case)
    variants: list[Variant] = list(product(case.steps, case.components, STATES))
    steps = {v: step_with_prior(training_set, case, v) for v in variants}
    for step in (plain, *steps.values()):
        step()  # compiles, and warms the caches
    plains, ratios = [], {variant: list[float]() for variant in variants}
    for _ in range(case.rounds):
        plains.append(seconds_of(plain, case.plain_steps))
        for variant, step in steps.items():
            ratios[variant].append(seconds_of(step, case.steps[variant[0]]) / plains[-1])
    rows = [
        {
            "form": form.value,
            "num_components": num_components,
            "state": state,
            "step_over_plain_step_median": round(statistics.median(of_rounds), 3),
            "step_over_plain_step_min": round(min(of_rounds), 3),
            "step_over_plain_step_max": round(max(of_rounds), 3),
        }
        for (form, num_components, state), of_rounds in ratios.items()
    ]
    for row in rows:
        print(
            f"{case.name} {row['form']:>9} {row['num_components']:>3} components "
            f"{row['state']:>6}: {row['step_over_plain_step_median']:.3f} x a plain step",
            flush=True,
        )
    return {
        "network": case.name,
        "batch_size": case.batch_size,
        "rounds": case.rounds,
        "plain_step_milliseconds_median": round(1e3 * statistics.median(plains), 3),
        "bar_of_tabulated_step_over_plain_step": case.bar,
        "steps": rows,
        **{
            f"{form.value}_step_over_tabulated_step_median": {
                f"{num_components} components, {state}": quotient(
                    ratios[form, num_components, state],
                    ratios[PriorForm.tabulated, num_components, state],
                )
                for num_components, state in product(case.components, STATES)
            }
            for form in case.steps
            if form is not PriorForm.tabulated
        },
    }


def quotient(numerators: list[float], denominators: list[float]) -> float:
    """Return the median over the rounds of one step time over another."""
    pairs = zip(numerators, denominators, strict=True)
    return round(statistics.median(above / below for above, below in pairs), 3)


def main() -> None:
    use_one_thread()
    measured = [measure(case) for case in CASES]
    print(f"written to {write_result('prior_step', [SEED], {'threads': 1, 'networks': measured})}")


if __name__ == "__main__":
    main()
