"""Integer tables of the logistic function and the logarithm, the same on every machine.

Logits and logarithms are in units of 1/256 nat, probabilities of 65536.
"""

import numpy as np
import numpy.typing as npt

MAX_LOGIT = 2047

# 65536 / (1 + exp(-x)) at x = -8, -7.5, ..., 8.
_LOGISTIC = np.array(
    [
        *(22, 36, 60, 98, 162, 267, 440, 724, 1179, 1921, 3108, 4971, 7812, 11956, 17625, 24743),
        *(32768, 40793, 47911, 53580, 57724, 60565, 62428, 63615, 64357, 64812, 65096, 65269),
        *(65374, 65438, 65476, 65500, 65514),
    ],
    np.int64,
)
_X = np.arange(4096)

SQUASH = (
    _LOGISTIC[_X >> 7]
    + (((_LOGISTIC[np.minimum((_X >> 7) + 1, 32)] - _LOGISTIC[_X >> 7]) * (_X & 127)) >> 7)
).astype(np.uint16)
"""Probability of the logit x at x + 2048, ``[4096]``."""

STRETCH = (np.searchsorted(SQUASH, 16 * _X + 8) - 2048).clip(-MAX_LOGIT, MAX_LOGIT).astype(np.int16)
"""Logit of a probability in 12 bits, ``[4096]``."""

LOG = np.round(256 * np.log(np.maximum(_X, 1))).astype(np.int16)
"""Natural logarithm of 1 to 4095, ``[4096]``; none lies so near a half that rounding could err."""

LOG_16 = 710
"""Natural logarithm of 16."""


def _logarithms(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """``logarithm`` of ``decisions.py`` of numbers of 1 to 65535."""
    large = numbers >= 4096
    shifted = np.where(large, numbers >> 4, numbers)
    return np.asarray(LOG[shifted] + np.where(large, LOG_16, 0), np.int64)


_P = np.arange(1, 65536)
LOGIT = np.concatenate(([0], _logarithms(_P) - _logarithms(65536 - _P))).astype(np.int16)
"""``ln p - ln (65536 - p)`` of a probability p of 65536, by the rounded logarithms, ``[65536]``."""

COST = np.round(-256 * np.log2((_X + 0.5) / 4096)).astype(np.int16)
"""Bits, in units of 1/256, of a decision of a probability in 12 bits: for accounts only."""

HALF_LOG = np.zeros(4096, np.uint8)
"""About ``2 log2(x)``: ``2 b + (bit b - 1 of x)``, b being the highest bit of x, ``[4096]``."""

for _bits in range(12):
    HALF_LOG[1 << _bits :] = 2 * _bits
    HALF_LOG[3 << _bits >> 1 :] += _bits > 0
