"""Synthetic snapshots: studies as they are read back from a database, made without one."""

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from search.records import ReferenceRecord, StudyRecord, StudySnapshot, TrialRecord, TrialState

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
REFERENCE = ReferenceRecord(
    validation_error=0.0182, test_error=0.0171, num_parameters=266_610, float32_bytes=1_066_440
)
SPACE: dict[str, Any] = {
    "retrain": {
        "lr_weights": {"low": 3e-4, "high": 2e-2, "log": True},
        "lr_means": {"low": 1e-5, "high": 1e-2, "log": True},
        "lr_log_precisions": {"low": 3e-4, "high": 3e-2, "log": True},
        "lr_mixing": {"low": 3e-4, "high": 3e-2, "log": True},
        "tau": {"low": 2e-3, "high": 2.0, "log": True},
    },
    "prior": {
        "num_components": {"low": 4, "high": 32, "integer": True, "log": True},
        "zero_mixing_proportion": {"low": 0.95, "high": 0.9995, "complement": True, "log": True},
        "zero_std_mode": {"low": 0.002, "high": 0.05, "log": True},
        "zero_std_strength": {"low": 1e3, "high": 1e7, "log": True},
        "std_mode": {"low": 0.02, "high": 0.3, "log": True},
        "std_strength": {"low": 1e1, "high": 1e5, "log": True},
        "learn_zero_mixing_proportion": {"choices": [False, True]},
        "zero_std_initial": {"low": 0.02, "high": 0.4, "log": True},
    },
}
CONFIG: dict[str, Any] = {
    "model": {"name": "lenet_300_100"},
    "data": {"source": "mnist", "num_validation": 10_000},
    "reference": {"num_epochs": 30, "batch_size": 128, "lr": 1.5e-3, "dropout": 0.3, "seed": 0},
    "prior": {
        "num_components": 9,
        "zero_mixing_proportion": 0.98,
        "zero_std_mode": 0.004,
        "zero_std_strength": 1e6,
        "std_mode": 0.15,
        "std_strength": 500.0,
        "learn_zero_mixing_proportion": False,
        "zero_std_initial": 0.2,
    },
    "retrain": {
        "num_epochs": 20,
        "lr_weights": 8e-3,
        "lr_means": 2e-4,
        "lr_log_precisions": 1e-2,
        "lr_mixing": 3e-3,
        "tau": 0.2,
    },
    "post_processing": {"merge_threshold": 1e-3, "fine_tuning_epochs": 4, "bias_bits": 5},
    "score": {"max_accuracy_loss": 0.005, "accuracy_weight": 100.0, "compression_weight": 1.0},
    "space": SPACE,
    "study": {
        "seed": 0,
        "settings": ["best_known", "smaller", "more_accurate", "tutorial", "paper"],
    },
}
VERSIONS = {"python": "3.11.7", "softshare": "0.1.0", "optuna": "5.0.0", "torch": "2.13.0"}


@pytest.fixture(scope="session")
def make_trial() -> Callable[..., TrialRecord]:
    """Make a complete trial from a loss in points and a rate."""
    return complete_trial


@pytest.fixture(scope="session")
def make_snapshot() -> Callable[..., StudySnapshot]:
    """Make a snapshot of given trials."""
    return snapshot_of


@pytest.fixture(scope="session")
def make_study() -> Callable[..., StudySnapshot]:
    """Make a study of so many simulated trials."""
    return simulated_study


def complete_trial(
    number: int, loss_points: float, rate: float, *, setting: str | None = None, **changes: Any
) -> TrialRecord:
    values: dict[str, Any] = {
        "number": number,
        "state": TrialState.complete,
        "setting": setting,
        "params": {},
        "accuracy_loss": loss_points / 100,
        "validation_error": REFERENCE.validation_error + loss_points / 100,
        "test_error": REFERENCE.test_error + loss_points / 100,
        "compression_rate": rate,
        "file_bytes": round(REFERENCE.float32_bytes / rate),
        "han_compression_rate": 1.1 * rate,
        "nonzero_fraction": min(1.0, 3 / rate),
        "worker": "host:1:a",
        "started_at": START + timedelta(minutes=number),
        "finished_at": START + timedelta(minutes=number + 1),
        "seconds": 60.0,
        "artifact_id": f"artifact-{number}",
    }
    return TrialRecord(**(values | changes))


def snapshot_of(*trials: TrialRecord, name: str = "quickstart", **changes: Any) -> StudySnapshot:
    values: dict[str, Any] = {
        "name": name,
        "config": CONFIG,
        "reference": REFERENCE,
        "data_fingerprint": "f11bb9e4",
        "versions": VERSIONS,
        "git_revision": "4474bd5b0c1d2e3f",
        "created_at": START,
        "num_trials": max(len(trials), 1),
    }
    return StudySnapshot(study=StudyRecord(**(values | changes)), trials=trials, epochs=())


def simulated_study(num_started: int, *, seed: int = 0, **changes: Any) -> StudySnapshot:
    """A study whose loss and rate follow from tau and the zero component as they really do."""
    generator = random.Random(seed)
    settings: list[tuple[str | None, dict[str, Any]]] = [
        ("best_known", {}),
        ("smaller", {"retrain.tau": 0.4}),
        ("more_accurate", {"retrain.tau": 0.1}),
        ("tutorial", {"retrain.tau": 3e-3, "prior.zero_std_initial": 0.02}),
        ("paper", {"retrain.tau": 5e-3, "prior.zero_std_initial": 0.05}),
    ]
    trials = []
    for number in range(num_started):
        setting, overrides = settings[number] if number < len(settings) else (None, None)
        params = _suggested(generator) if overrides is None else _default() | overrides
        trials.append(_simulated_trial(number, setting, params, generator))
    return snapshot_of(*trials, **changes)


def _default() -> dict[str, Any]:
    return {f"{group}.{key}": CONFIG[group][key] for group in SPACE for key in SPACE[group]}


def _suggested(generator: random.Random) -> dict[str, Any]:
    params = {}
    for group, keys in SPACE.items():
        for key, spec in keys.items():
            if "choices" in spec:
                params[f"{group}.{key}"] = generator.choice(spec["choices"])
                continue
            low, high = math.log(spec["low"]), math.log(spec["high"])
            centre = math.log(CONFIG[group][key])
            drawn = min(max(generator.gauss(centre, (high - low) / 5), low), high)
            value = min(max(math.exp(drawn), spec["low"]), spec["high"])
            params[f"{group}.{key}"] = round(value) if spec.get("integer") else value
    return params


def _simulated_trial(
    number: int, setting: str | None, params: dict[str, Any], generator: random.Random
) -> TrialRecord:
    strength = math.log(params["retrain.tau"] / 0.2)
    width = math.log(params["prior.zero_std_initial"] / 0.2)
    rate = 185 * math.exp(0.42 * strength + 0.35 * min(width, 0) + generator.gauss(0, 0.08))
    loss = 0.2 + 0.3 * (math.exp(0.55 * strength) - 0.9) + 0.5 * abs(width) ** 1.5 * (not setting)
    loss += abs(math.log(params["retrain.lr_weights"] / 8e-3)) * 0.22 + generator.gauss(0, 0.07)
    started = START + timedelta(seconds=27 * number)
    times = {
        "worker": f"machine:{41 + number % 2}:c0ffee",
        "started_at": started,
        "finished_at": started + timedelta(seconds=52 + generator.random() * 5),
        "seconds": 52 + generator.random() * 5,
    }
    if setting is None and strength > 1.6:
        return complete_trial(
            number, 60 + 20 * generator.random(), 4 * rate, params=params, **times
        )
    if setting is None and strength < -2.2:
        reason = "trapped: 34 % of the weights are not zero after a fifth of the training"
        return TrialRecord(
            number=number, state=TrialState.stopped, params=params, reason=reason, **times
        )
    if setting is None and generator.random() < 0.03:
        reason = "the error loss is not a number in epoch 7"
        return TrialRecord(
            number=number, state=TrialState.failed, params=params, reason=reason, **times
        )
    test_error = REFERENCE.test_error + loss / 100 + generator.gauss(0, 0.0007)
    return complete_trial(
        number, loss, rate, setting=setting, params=params, test_error=test_error,
        han_compression_rate=0.93 * rate, nonzero_fraction=2.9 / rate, **times,
    )  # fmt: skip
