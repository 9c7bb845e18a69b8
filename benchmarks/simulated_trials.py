"""Trials as if they had been run: for benchmarks of all that is not the compression."""

import datetime
import math
import time
from collections.abc import Mapping

import numpy as np
import optuna
from optuna.trial import FrozenTrial, create_trial

from core.outcome import CompressionOutcome, EpochReport
from search.checkpoints import Watch
from search.configuration import SoftshareConfig, compose
from search.records import RECORD
from search.scoring import ACCURACY_CONSTRAINT
from search.space import SearchSpace, Value
from search.study import DIRECTIONS

NUM_EPOCHS = 10
TRIAL_SECONDS = 1.0
FILE_BYTES = 3000
NUM_WORKERS = 4

_FLOAT32_BYTES = 1_066_440
_BEGUN = datetime.datetime(2026, 1, 1)
_REFERENCE_ERROR = 0.0161


def instant_compress(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
    """Come to something that depends on the hyperparameters a little, at once."""
    watch(_report(epoch=1, num_epochs=1))
    loss, rate = objectives_of({"retrain.tau": config.retrain.tau})
    return CompressionOutcome(
        file=bytes(FILE_BYTES),
        validation_error=_REFERENCE_ERROR + loss,
        test_error=_REFERENCE_ERROR + loss,
        accuracy_loss=loss,
        float32_bytes=int(rate * FILE_BYTES),
        compression_rate=rate,
        han_compression_rate=90.0,
        nonzero_fraction=0.03,
        layers=(),
        seconds=0.0,
    )


def objectives_of(params: Mapping[str, Value]) -> tuple[float, float]:
    """Return the accuracy loss and the rate that a trial comes to."""
    tau = params["retrain.tau"]
    assert isinstance(tau, float)
    return 0.003 + 0.001 * math.log10(tau) ** 2, 100.0 * (1 + tau)


def waiting_compress(config: SoftshareConfig, watch: Watch) -> CompressionOutcome:
    """Come to something after a second and ten epochs, as on a machine of one's own."""
    for epoch in range(2, NUM_EPOCHS + 2):
        time.sleep(TRIAL_SECONDS / NUM_EPOCHS)
        watch(_report(epoch, NUM_EPOCHS + 1))
    return instant_compress(config, watch)


def _report(epoch: int, num_epochs: int) -> EpochReport:
    return EpochReport(
        phase="retrain",
        epoch=epoch,
        num_epochs=num_epochs,
        error_loss=0.1,
        complexity_loss=-1e5,
        validation_error=0.02,
        nonzero_fraction=0.05,
        estimated_compression_rate=100.0,
        seconds=TRIAL_SECONDS * epoch / num_epochs,
    )


def finished_trials(num_trials: int, first: int = 0) -> list[FrozenTrial]:
    """Return so many trials as if they had been run, drawn at random from the space."""
    config = compose()
    space = SearchSpace(config.space)
    draw = optuna.create_study(sampler=optuna.samplers.RandomSampler(first), directions=DIRECTIONS)
    noise = np.random.default_rng(first)
    made = []
    for number in range(first, first + num_trials):
        trial = draw.ask()
        params = space.suggest(trial)
        loss, rate = objectives_of(params)
        loss += float(noise.normal(0, 0.002))
        rate *= math.exp(float(noise.normal(0, 0.5)))
        begun = _BEGUN + datetime.timedelta(seconds=30 * number)
        record = {
            "params": params,
            "seed": number,
            "worker": f"machine:{number % NUM_WORKERS}:a",
            "outcome": {
                "accuracy_loss": loss,
                "validation_error": _REFERENCE_ERROR + loss,
                "test_error": _REFERENCE_ERROR + loss,
                "compression_rate": rate,
                "file_bytes": round(_FLOAT32_BYTES / rate),
                "han_compression_rate": 0.8 * rate,
                "nonzero_fraction": 0.03,
            },
        }
        ended = create_trial(
            values=[loss, rate],
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={RECORD: record},
            constraints={ACCURACY_CONSTRAINT: loss - config.score.max_accuracy_loss},
        )
        ended.datetime_start = begun
        ended.datetime_complete = begun + datetime.timedelta(seconds=110)
        made.append(ended)
    return made
