"""How the context mixing begins and learns: part of the format, so none of it may ever change.

Found by a random search for the fewest bits on three networks that retraining under the prior
had clustered (1,880 to 5,830 non-zeros in their first layers); other networks judged it. The four
groups are: live rows and columns, positions, signs, ranks.
"""

import numpy as np

PARAMETERS = np.array(
    [[100, 16, 24, 493], [499, 2, 2, 332], [357, 3, 68, 183], [196, 9, 119, 1]], np.int64
)
"""Of each group: greatest count, lasting and initial rate of learning, its horizon."""

_COUNTS = np.arange(1024, dtype=np.int64)

RATES = 655360 // (10 * _COUNTS + np.array([[15], [25], [16], [12]], np.int64))
"""Rate of adaptation of a probability by its count, of 65536: 1 / (count + a constant)."""

CONFIDENCES = 2560 * _COUNTS // (10 * _COUNTS + np.array([[1], [1], [9], [17]], np.int64))
"""Factor of an input by its count, of 256: count / (count + a constant)."""

# Initial weights of the mixers, of 65536.
POSITION_WEIGHTS = np.array(
    [-57792, -5248, 11712, 6848, 17984, 19840, 44736, -13568, 10752, 33728, 8704, 6720, -3008],
    np.int64,
)
SIGN_WEIGHTS = np.array([-11136, 29184, 26496, -2304, -8640, 21824, 11904], np.int64)
RANK_WEIGHTS = np.array([3520, 22592, 12480, 8512, 19840, 11456, -2304], np.int64)

PRIOR_COUNTS = np.array([1, 3], np.int64)
"""Pseudo-counts of the density of a column and of a row."""
