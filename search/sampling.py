"""The sampler of a study and the seeds of its trials (design §5).

Two ways take turns at random. One looks around the best trials so far. The other is
multi-objective TPE with the accuracy cap as a constraint: without it a search farms collapsed
networks, which are Pareto-optimal in the raw objectives. The constraint is told per trial with
``trial.set_constraint``. Before TPE has enough trials, a study looks around those that it has.
"""

import hashlib
import json
import random
import warnings
from enum import Enum

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from search.neighbourhood import NeighbourhoodSampler

NUM_STARTUP_TRIALS = 4
"""Finished trials, the enqueued settings among them, before which TPE alone draws at random."""

NEIGHBOURHOOD_SHARE = 1 / 3
"""Share of the trials that are looked for around the best ones so far; the rest is TPE's."""

NUM_EXPLORED = 8
"""Trials that a study draws at random before it proposes any, if it tries no settings first."""


class Policy(Enum):
    """What proposes trials: both ways in turns, TPE alone, or chance alone."""

    softshare = "softshare"
    tpe = "tpe"
    random = "random"


def make_sampler(
    seed: int,
    max_accuracy_loss: float,
    policy: Policy = Policy.softshare,
    *,
    num_finished: int = NUM_STARTUP_TRIALS,
    explores: bool = False,
    is_tree: bool = False,
) -> BaseSampler:
    """Return a sampler for one ``ask``.

    A sampler that is made again with the seed of its study repeats itself on resume and agrees
    with every other worker's; so make one for each trial, seeded with the trial's own number.

    Args:
        seed: in [0, 2**32), as ``derive_seed`` gives it.
        max_accuracy_loss: the cap, a fraction.
        policy: what proposes.
        num_finished: trials of the study that are complete or stopped. While they are too few for
            TPE, what would be drawn at random is looked for around them, if any is complete: one
            setting that is known to be good says more than the width of the ranges.
        explores: whether the trial is one of the first of a study without settings
            (``NUM_EXPLORED``), which is drawn at random.
        is_tree: whether trials of the study may have different keys, as where their method is
            searched: then TPE draws those together that come together.
    """
    if policy is Policy.random or explores:
        return RandomSampler(seed)
    looks_around = (
        num_finished < NUM_STARTUP_TRIALS or random.Random(seed).random() < NEIGHBOURHOOD_SHARE
    )
    if policy is Policy.softshare and looks_around:
        return NeighbourhoodSampler(derive_seed(seed, "neighbourhood"), max_accuracy_loss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of ``group``
        return TPESampler(
            seed=seed,
            n_startup_trials=NUM_STARTUP_TRIALS,
            constant_liar=True,  # workers ask while others' trials still run
            multivariate=True,  # one joint draw; default multi-objective TPE draws key by key
            group=is_tree,
        )


def derive_seed(study_seed: int, *labels: str | int) -> int:
    """Derive an independent seed in [0, 2**31) from a study's seed and what it is for.

    Stable across machines, processes and versions: SHA-256 of the labels as JSON.

    Example: ``derive_seed(study.seed, "trial", 7)``.
    """
    digest = hashlib.sha256(json.dumps([study_seed, *labels]).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
