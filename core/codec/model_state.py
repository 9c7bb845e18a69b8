"""What the shared stream's model knows at the start, and how it learns: part of the format.

The state has slots, adaptive probabilities by context, and mixers, weights of their logits. A
file starts from a state that was trained on networks like those that we compress
(``python -m benchmarks.codec_training``), since a file of 1,500 bytes is too short to learn much;
what it learns it carries from one tensor to the next.
"""

import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

NUM_INPUTS = 8

# Places in the state: inputs and their slots; the arithmetic coder's interval, the bytes read
# behind it, how many have left it, 1/256 bits spent; slots; mixers.
INPUTS, CONTEXTS, LOW, HIGH, CODE, PLACE, POSITION_COST, VALUE_COST = 0, 8, 16, 17, 18, 19, 20, 21
LIVE = 24
POSITION = LIVE + 1152
SIGN = POSITION + 1344
RANK = SIGN + 640
VECTOR = RANK + 8 * 9 * 32
FIRST_MIXER = VECTOR + 118 + 8 * 9 * 16
MIXER_SIZE = NUM_INPUTS + 1  # the last number counts the decisions

# The first mixer of each group of decisions, and the number of mixers.
POSITION_MIXER, SIGN_MIXER, RANK_MIXER, LIVE_MIXER, VECTOR_MIXER, NUM_MIXERS = 0, 21, 42, 52, 67, 81
STATE_SIZE = FIRST_MIXER + MIXER_SIZE * NUM_MIXERS

_STORED = Path(__file__).with_name("initial_state.bin")

_COUNTS = np.arange(1024, dtype=np.int64)
RATES = 655360 // (10 * _COUNTS + 16)
"""Rate of adaptation of a probability by its count, of 65536, ``[1024]``."""

CONFIDENCES = 256 * _COUNTS // (_COUNTS + 1)
"""Factor of a slot's logit by its count, of 256, ``[1024]``."""

NUM_STEPS = 20000
STEPS = 150 + 10000 // (50 + np.arange(NUM_STEPS, dtype=np.int64))
"""Rate of learning of a mixer by its decisions, of 65536."""

UNKNOWN = 1 << 31
"""A slot of probability one half and count 0."""


@cache
def _stored_state() -> Integers:
    raw = np.frombuffer(zlib.decompress(_STORED.read_bytes()), "<u2").astype(np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    state[HIGH] = 0xFFFFFFFF
    num_slots = FIRST_MIXER - LIVE
    slots, weights = raw[:num_slots], raw[num_slots:].reshape(NUM_MIXERS, NUM_INPUTS)
    state[LIVE:FIRST_MIXER] = (slots >> 4) << 20 | 1 << 19 | (slots & 15)
    state[LIVE:FIRST_MIXER][slots == 0] = UNKNOWN
    mixers = state[FIRST_MIXER:].reshape(NUM_MIXERS, MIXER_SIZE)
    mixers[:, :NUM_INPUTS] = (weights - (weights >> 15 << 16)) << 8
    return state


def initial_state() -> Integers:
    """The state at the start of a file, to be changed: ``[STATE_SIZE]``."""
    return _stored_state().copy()
