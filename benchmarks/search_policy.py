"""Which policy finds small files within the cap in few trials: random, TPE, or both of ours.

Real retrainings of LeNet-300-100 on MNIST on a short schedule, so that a trial takes seconds. Each
policy gets the same first settings, which are run once a seed, and then proposes the same number
of trials from the default space. Compared are the hypervolume of the feasible front (points of
accuracy loss below the cap times halvings of the size) and the best rate within the cap.
"""

import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import optuna

from benchmarks.inputs import load_inputs
from benchmarks.record import write_result
from core.compress import CompressConfig, compress
from core.errors import SoftshareError
from core.runtime import use_one_thread
from search.configuration import SoftshareConfig, compose, with_params
from search.hypervolume import hypervolume
from search.neighbourhood import objectives
from search.sampling import Policy, derive_seed, make_sampler
from search.scoring import VIOLATION_OF_STOPPED
from search.setting import load_settings
from search.space import SearchSpace

NUM_PROPOSED = 12
OVERRIDES = [
    "retrain.num_epochs=8",
    "post_processing.fine_tuning_epochs=2",
    "score.max_accuracy_loss=0.01",
    "study.settings=[best_known,smaller,more_accurate]",
]
CAP = 0.01


def run_study(policy: Policy, seed: int) -> dict[str, float]:
    """Run one study in this process and return what it found."""
    use_one_thread()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config = compose(OVERRIDES)
    reference, data = load_inputs(config)
    space = SearchSpace(config.space)
    study = optuna.create_study(directions=["minimize", "maximize"])
    settings = load_settings(config)
    for setting in settings:
        study.enqueue_trial(space.encode(setting.params))
    ended = {"complete": 0, "stopped": 0, "failed": 0}
    for number in range(len(settings) + NUM_PROPOSED):
        study.sampler = make_sampler(derive_seed(seed, "sampler", number), CAP, policy)
        trial = study.ask()
        params = space.suggest(trial)
        trial_config: SoftshareConfig = with_params(
            config, {**params, "retrain.seed": derive_seed(seed, "trial", number)}
        )
        try:
            outcome = compress(
                reference,
                data,
                CompressConfig(
                    prior=trial_config.prior,
                    retrain=trial_config.retrain,
                    post_processing=trial_config.post_processing,
                ),
            )
        except SoftshareError:
            trial.set_constraint("accuracy_loss", VIOLATION_OF_STOPPED)
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            ended["stopped"] += 1
            continue
        trial.set_constraint("accuracy_loss", outcome.accuracy_loss - CAP)
        study.tell(trial, [outcome.accuracy_loss, outcome.compression_rate])
        ended["complete"] += 1
    complete = [trial for trial in study.trials if trial.values]
    feasible = [point for point in map(objectives, complete) if point.accuracy_loss <= CAP]
    proposed = [objectives(trial) for trial in complete if trial.number >= len(settings)]
    return {
        "hypervolume": hypervolume(feasible, CAP),
        "best_rate": max((point.compression_rate for point in feasible), default=1.0),
        "proposed_within_cap": sum(p.accuracy_loss <= CAP for p in proposed) / NUM_PROPOSED,
        "proposed_complete": len(proposed) / NUM_PROPOSED,
    }


def main() -> None:
    seeds = list(range(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
    jobs = [(policy, seed) for seed in seeds for policy in Policy]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = dict(zip(jobs, pool.map(run_study, *zip(*jobs, strict=True)), strict=True))
    rows = []
    for policy in Policy:
        of_policy = [found[policy, seed] for seed in seeds]
        rows.append(
            {"policy": policy.name}
            | {
                f"{key}_{name}": round(function([each[key] for each in of_policy]), 4)
                for key in of_policy[0]
                for name, function in (
                    ("mean", statistics.mean),
                    ("min", min),
                    ("max", max),
                )
            }
        )
    path = write_result(
        "search_policy",
        seeds,
        {"overrides": OVERRIDES, "num_proposed": NUM_PROPOSED, "policies": rows},
    )
    for row in rows:
        print(row)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
