"""The methods of the field side by side: equal training, equal search, the bytes at given errors.

``python -m benchmarks.methods EXPERIMENT [TRIALS] [SEEDS] [KEY=VALUE ...]`` runs, for each method
and each seed, a study of its own with the epochs, the distillation, the reference network and the
file format of an experiment of ``conf/experiment``, changed by the overrides (a shorter training
leaves time for more trials), and writes ``results/<experiment>/methods.json``. A study first tries
the method as it is configured, then its policy proposes within ``conf/method``. Told are, for each
level of error, the smallest file whose validation error is at most that, and its test error, which
nothing was chosen by; means over the seeds that have reached the level. Published figures stand
beside them in their own accounting. The trials of each study stand in the result too, which is
written after every study, and the reference network stands beside it: what it holds of as many
trials is not run again, so that a comparison can grow over days and machines; remove both files to
begin anew. Studies that are still there are resumed (``benchmarks.kept_studies``), and as many run
side by side as there are processors.

Equal is the budget, not the care: the defaults of soft weight-sharing were looked for over months,
those of the others are their papers' or a first guess, and all the search knows is these ranges.
"""

import itertools
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.inputs import load_inputs
from benchmarks.kept_studies import finished_study, in_order
from benchmarks.record import RESULTS, write_result
from core.method_names import MethodName
from core.reference import ReferenceNetwork
from core.runtime import use_one_thread
from dashboards.published import published_for, published_otherwise
from search.configuration import compose
from search.records import TrialRecord, TrialState

LEVELS = {
    "lenet_300_100": (0.010, 0.015, 0.019, 0.025),
    "lenet_5_caffe": (0.008, 0.010, 0.012),
}
"""Errors at which the methods are compared, fractions, by network."""

NUM_TRIALS = 24
NUM_SEEDS = 3
MEASURED = ("file_bytes", "test_error", "validation_error", "han_compression_rate")


@dataclass(frozen=True, kw_only=True)
class ComparedTrial:
    """What a comparison keeps of a finished trial; errors are fractions in [0, 1].

    Attributes:
        state: how it ended.
        params: what was proposed, natural values by config key.
        file_bytes: bytes of its file; None where it has none, as in all that follows.
        validation_error: of the decoded file's network.
        test_error: the same on test data.
        han_compression_rate: the paper's accounting, of the weights only.
        epochs: passes over the training data that it took.
    """

    state: str
    params: dict[str, Any]
    file_bytes: int | None
    validation_error: float | None
    test_error: float | None
    han_compression_rate: float | None
    epochs: int | None

    @classmethod
    def of(cls, trial: TrialRecord) -> "ComparedTrial":
        """Take over what is compared of a trial's record."""
        return cls(
            state=trial.state.value,
            params=trial.params,
            file_bytes=trial.file_bytes,
            validation_error=trial.validation_error,
            test_error=trial.test_error,
            han_compression_rate=trial.han_compression_rate,
            epochs=trial.epochs,
        )


Studies = dict[str, dict[int, list[ComparedTrial]]]
"""Finished trials in the order of their ends, by method and by seed."""


def smallest_at(trials: Sequence[ComparedTrial], level: float) -> ComparedTrial | None:
    """Return the trial with the smallest file whose validation error is at most a level."""
    reached = [
        trial
        for trial in trials
        if trial.state == TrialState.complete
        and trial.validation_error is not None
        and trial.validation_error <= level
    ]
    return min(reached, key=lambda trial: trial.file_bytes or 0, default=None)


def at_level(studies: Sequence[Sequence[ComparedTrial]], level: float) -> dict[str, Any]:
    """Return what the studies of one method, one a seed, come to at a level of error."""
    found = [trial for trials in studies if (trial := smallest_at(trials, level)) is not None]
    columns = {name: [float(getattr(trial, name)) for trial in found] for name in MEASURED}
    told: dict[str, Any] = {"level": level, "num_seeds_reached": len(found)}
    for name, values in columns.items():
        told[name] = {
            "mean": round(statistics.mean(values), 6) if values else None,
            "standard_deviation": round(statistics.stdev(values), 6) if len(values) > 1 else None,
            "values": [round(value, 6) for value in values],
        }
    return told


def searched(
    experiment: str, method: str, seed: int, num_trials: int, cap: float, changed: Sequence[str]
) -> list[ComparedTrial]:
    """Run or resume the study of a method and a seed, and return its finished trials.

    Args:
        experiment: names a file of ``conf/experiment``.
        method: the method's name.
        seed: of the study.
        num_trials: trials that are to finish.
        cap: accuracy loss that the search may not exceed, a fraction.
        changed: overrides of the experiment.
    """
    overrides = [
        f"experiment={experiment}",
        f"method={method}",
        f"study.seed={seed}",
        "study.settings=[best_known]",
        f"score.max_accuracy_loss={cap}",
        *changed,
    ]
    study = finished_study(f"methods-{experiment}-{method}-{seed}", num_trials, overrides)[1]
    return [ComparedTrial.of(trial) for trial in in_order(study)]


def kept(experiment: str, reference: ReferenceNetwork, changed: Sequence[str]) -> Studies:
    """Return the trials that an earlier run has left in the result, none where there is none.

    They must have compressed the same network, with the same overrides.
    """
    path = RESULTS / experiment / "methods.json"
    if not path.exists():
        return {}
    measured = json.loads(path.read_text())["measured"]
    found = (measured["reference_validation_error"], measured["reference_test_error"])
    if found != (reference.validation_error, reference.test_error):
        raise SystemExit(
            f"{path} is of another reference network, of {found[0]:.2%} validation error and not "
            f"{reference.validation_error:.2%}: put that beside it again, or remove the file"
        )
    if measured["overrides"] != list(changed):
        raise SystemExit(
            f"{path} was made with the overrides {measured['overrides']} and not {list(changed)}: "
            "give those, or remove the file"
        )
    methods = measured["methods"]
    return {
        name: {
            int(seed): [ComparedTrial(**trial) for trial in trials]
            for seed, trials in method["trials"].items()
        }
        for name, method in methods.items()
    }


def compared(
    studies: Mapping[int, Sequence[ComparedTrial]], num_trials: int, levels: Sequence[float]
) -> dict[str, Any]:
    """Return what the studies of one method, by seed, come to within a budget of trials.

    All their trials are kept, those beyond the budget too.
    """
    within = {seed: list(trials[:num_trials]) for seed, trials in sorted(studies.items())}
    spent = [trial for trials in within.values() for trial in trials]
    return {
        "levels": [at_level(list(within.values()), level) for level in levels],
        "epochs": sum(trial.epochs or 0 for trial in spent),
        "trials": {
            str(seed): [asdict(trial) for trial in trials]
            for seed, trials in sorted(studies.items())
        },
    }


def told(
    studies: Studies,
    network: str,
    reference: ReferenceNetwork,
    num_trials: int,
    cap: float,
    changed: Sequence[str],
) -> dict[str, Any]:
    """Return the comparison as it stands.

    Args:
        studies: what has been run.
        network: the name of the network.
        reference: the network that is compressed.
        num_trials: of each study.
        cap: accuracy loss that the searches might not exceed.
        changed: overrides of the experiment.
    """
    return {
        "network": network,
        "num_trials": num_trials,
        "max_accuracy_loss": cap,
        "overrides": list(changed),
        "reference_validation_error": reference.validation_error,
        "reference_test_error": reference.test_error,
        "methods": {
            name: compared(by_seed, num_trials, LEVELS[network])
            for name, by_seed in studies.items()
        },
        "published": [
            asdict(point) for point in (*published_for(network), *published_otherwise(network))
        ],
    }


def main() -> None:
    changed = [word for word in sys.argv[1:] if "=" in word]
    words = [word for word in sys.argv[1:] if "=" not in word]
    experiment = words[0] if words else "lenet_300_100"
    num_trials = int(words[1]) if len(words) > 1 else NUM_TRIALS
    num_seeds = int(words[2]) if len(words) > 2 else NUM_SEEDS
    config = compose([f"experiment={experiment}", *changed])
    use_one_thread()
    reference, _ = load_inputs(config, RESULTS / experiment / "reference.safetensors")
    network = config.model.name
    # What loses more than the last level needs no looking for.
    cap = round(max(0.001, max(LEVELS[network]) - reference.validation_error), 4)
    studies: Studies = {method.value: {} for method in MethodName}
    studies |= kept(experiment, reference, changed)
    seeds = list(range(1, num_seeds + 1))

    def write(studies: Studies) -> None:
        measured = told(studies, network, reference, num_trials, cap, changed)
        write_result(f"{experiment}/methods", seeds, measured, "methods")

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each study is a process of its own
        running = {
            pool.submit(searched, experiment, method, seed, num_trials, cap, changed): (
                method,
                seed,
            )
            for seed, method in itertools.product(seeds, studies)
            if len(studies[method].get(seed, ())) < num_trials
        }
        for study in as_completed(running):
            method, seed = running[study]
            studies[method][seed] = study.result()
            write(studies)
    write(studies)
    for name, by_seed in studies.items():
        reached = compared(by_seed, num_trials, LEVELS[network])["levels"]
        print(name, {level["level"]: level["file_bytes"]["mean"] for level in reached})


if __name__ == "__main__":
    main()
