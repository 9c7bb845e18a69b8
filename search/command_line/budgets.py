"""Which trial is wanted, in the words of who wants it: so little lost, so few bytes, the knee."""

import re
from collections.abc import Mapping

from core.errors import ConfigError, require
from search.command_line.studies import ReadStudy
from search.errors import StudyError
from search.judging import JudgedTrial, feasible_front, knee_trial, most_accurate_trial
from search.quantities import count, percent

_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20}
_NUMBER = r"(\d+\.?\d*|\.\d+)"


def chosen_trial(study: ReadStudy, arguments: Mapping[str, str]) -> tuple[JudgedTrial, str]:
    """Return the trial that a command line asks for, and in words what it is.

    Args:
        study: the study.
        arguments: at most one of ``max_accuracy_loss``, ``max_bytes`` and ``knee``; without any,
            the smallest file within the study's accuracy cap is meant.

    Raises:
        ConfigError: a budget cannot be read, or there are two.
        StudyError: no trial is within the budget.
    """
    given = [name for name in ("max_accuracy_loss", "max_bytes", "knee") if name in arguments]
    if len(given) > 1:
        raise ConfigError(f"a file has one budget, but got {' and '.join(given)}; leave one out")
    if "max_bytes" in arguments:
        limit = _bytes(arguments["max_bytes"])
        within = most_accurate_trial(study.trials, limit)
        if within is None:
            sizes = [trial.score.file_bytes for trial in study.trials]
            nearest = f"the smallest has {count(min(sizes))}" if sizes else "none is complete"
            raise StudyError(
                f"study {study.name}: no trial yet has at most {count(limit)} bytes, {nearest}"
            )
        return within, f"most accurate file of at most {count(limit)} bytes"
    if arguments.get("knee", "false") != "false":
        require(arguments["knee"] == "true", "knee", "true or false", arguments["knee"])
        knee = knee_trial(feasible_front(study.trials))
        return knee or study.best(), "knee of the Pareto front"
    if "max_accuracy_loss" in arguments:
        study = study.within(_fraction(arguments["max_accuracy_loss"]))
    cap = percent(study.score_config.max_accuracy_loss)
    return study.best(), f"smallest file that loses at most {cap} of accuracy"


def _fraction(text: str) -> float:
    match = re.fullmatch(rf"{_NUMBER}(e-\d+)?\s*(points|point|%)?", text.strip())
    value = float(match[1] + (match[2] or "")) / (100 if match[3] else 1) if match else 2.0
    require(
        0 <= value <= 1,
        "max_accuracy_loss",
        "a fraction such as 0.003, or points such as 0.3points",
        text,
    )
    return value


def _bytes(text: str) -> int:
    match = re.fullmatch(rf"{_NUMBER}\s*([a-z]*)", text.strip().lower())
    size = _SIZES.get(match[2]) if match else None
    if match is None or size is None:
        raise ConfigError(f"max_bytes must be a size such as 50000 or 50kB, but got {text}")
    return int(float(match[1]) * size)
