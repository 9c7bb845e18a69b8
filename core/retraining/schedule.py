"""Schedules over the training, as functions of the fraction of it that is done, in [0, 1]."""

import math

from core.prior.config import PriorConfig


def cosine(fraction: float, final: float) -> float:
    """Return a factor that falls from 1 to ``final`` on half a cosine."""
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * fraction))


def warm_up(fraction: float, span: float) -> float:
    """Return a factor that rises linearly from 0 to 1 over the first ``span`` of the training."""
    return min(1.0, fraction / span) if span > 0 else 1.0


def zero_std(fraction: float, config: PriorConfig) -> float:
    """Return the width the zero component's hyper-prior asks for at this point of the training.

    It narrows geometrically from ``zero_std_initial`` to ``zero_std_mode`` between
    ``anneal_start`` and ``anneal_end``. A wide zero component reaches the weights that a narrow
    one would never pull in.
    """
    if config.zero_std_initial is None:
        return config.zero_std_mode
    done = (fraction - config.anneal_start) / (config.anneal_end - config.anneal_start)
    done = min(1.0, max(0.0, done))
    narrowed = config.zero_std_mode / config.zero_std_initial
    return config.zero_std_initial * math.exp(done * math.log(narrowed))
