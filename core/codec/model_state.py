"""What the shared stream's model knows at the start, and how it learns: part of the format.

The model has slots, adaptive probabilities by context, and mixers, weights of their logits. A
file starts from one that was trained on networks like those that we compress
(``python -m benchmarks.codec_training``), since a file of 1,500 bytes is too short to learn much;
what it learns it carries from one tensor to the next.
"""

import zlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

NUM_INPUTS = 8

# The first slot of each group of decisions, and the number of slots.
LIVE = 0
POSITION = LIVE + 1152
SIGN = POSITION + 1344
RANK = SIGN + 640
VECTOR = RANK + 8 * 9 * 32
NUM_SLOTS = VECTOR + 118 + 8 * 9 * 16

# The first mixer of each group of decisions, and the number of mixers.
POSITION_MIXER, SIGN_MIXER, RANK_MIXER, LIVE_MIXER, VECTOR_MIXER, NUM_MIXERS = 0, 21, 42, 52, 67, 81

# Places in the arithmetic coder: its interval, the bytes read behind it, how many have left it,
# 1/256 bits spent.
LOW, HIGH, CODE, PLACE, POSITION_COST, VALUE_COST, CODER_SIZE = 0, 1, 2, 3, 4, 5, 6

FIRST_VERSION, LAST_VERSION = 3, 5
"""Format versions that have a shared stream."""

LAST_STATE = 4
"""The version whose initial state later ones start from, too."""

_COUNTS = np.arange(1024)
RATES = (655360 // (10 * _COUNTS + 16)).astype(np.int32)
"""Rate of adaptation of a probability by its count, of 65536, ``[1024]``."""

CONFIDENCES = (256 * _COUNTS // (_COUNTS + 1)).astype(np.int16)
"""Factor of a slot's logit by its count, of 256, ``[1024]``."""

NUM_STEPS = 20000
STEPS = (150 + 10000 // (50 + np.arange(NUM_STEPS))).astype(np.int16)
"""Rate of learning of a mixer by its decisions, of 65536."""

UNKNOWN = 1 << 31
"""A slot of probability one half and count 0."""


class Model(NamedTuple):
    """What the decisions of a file have taught so far, and its arithmetic coder; all changes.

    The arrays are as narrow as their numbers allow: the loops are bound by the nearest cache.

    Attributes:
        slots: ``probability << 10 | count`` by context, the probability in 22 bits, uint32,
            ``[NUM_SLOTS]``.
        weights: of the mixers, in units of 2**-20, int32, ``[NUM_MIXERS, NUM_INPUTS]``. A step
            towards an error moves a weight by less than 2**16, and none is made away from it, so
            that they stay below 2**31 for more decisions than a file may have elements.
        seen: decisions of each mixer, int32, ``[NUM_MIXERS]``.
        coder: the arithmetic coder, int64, ``[CODER_SIZE]``.
    """

    slots: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.int32]
    seen: npt.NDArray[np.int32]
    coder: npt.NDArray[np.int64]


@cache
def _stored_model(format_version: int) -> Model:
    path = Path(__file__).with_name(f"initial_state_{format_version}.bin")
    raw = np.frombuffer(zlib.decompress(path.read_bytes()), "<u2").astype(np.int64)
    stored = raw[:NUM_SLOTS]
    slots = np.where(stored, (stored >> 4) << 20 | 1 << 19 | (stored & 15), UNKNOWN)
    weights = raw[NUM_SLOTS:].astype(np.int16).astype(np.int32) << 8
    coder = np.zeros(CODER_SIZE, np.int64)
    coder[HIGH] = 0xFFFFFFFF
    return Model(
        slots.astype(np.uint32),
        weights.reshape(NUM_MIXERS, NUM_INPUTS),
        np.zeros(NUM_MIXERS, np.int32),
        coder,
    )


def initial_model(format_version: int) -> Model:
    """The model at the start of a file of a version with a shared stream, to be changed."""
    slots, weights, seen, coder = _stored_model(min(format_version, LAST_STATE))
    return Model(slots.copy(), weights.copy(), seen.copy(), coder.copy())
