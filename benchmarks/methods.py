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
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from benchmarks.compared_methods import LEVELS, ComparedTrial, Studies, markdown, told
from benchmarks.inputs import load_inputs
from benchmarks.kept_studies import finished_study, in_order
from benchmarks.methods_figure import write_figure
from benchmarks.record import RESULTS, write_result
from core.method_names import MethodName
from core.reference import ReferenceNetwork
from core.runtime import use_one_thread
from search.configuration import compose

NUM_TRIALS = 24
NUM_SEEDS = 3


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
    measured = told(studies, network, reference, num_trials, cap, changed)
    write_figure(measured, RESULTS / experiment / "methods.svg")
    print(markdown(measured))


if __name__ == "__main__":
    main()
