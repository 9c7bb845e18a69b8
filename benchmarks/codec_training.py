"""Train the state from which the shared stream starts: part of the format, so never run in vain.

``python -m benchmarks.codec_training TARGET FILE.sws ...`` encodes the networks of the files over
and over, lets slots and mixers learn, averages the mixers, and writes the state. The state of
format version 3 came from four LeNet-300-100, of 2.4 to 6 KB, and one LeNet-5-Caffe of 2.2 KB,
files that no benchmark judges. More networks, or another order, changed the judges' bytes by less
than 0.1 %.
"""

import sys
import zlib
from pathlib import Path

import numpy as np

from core.codec import ClusteredTensor, CompressedNetwork, UniformTensor, decode
from core.codec.alphabet import Alphabet
from core.codec.model_state import (
    FIRST_MIXER,
    HIGH,
    LIVE,
    LIVE_MIXER,
    LOW,
    MIXER_SIZE,
    NUM_INPUTS,
    POSITION_MIXER,
    RANK_MIXER,
    SIGN,
    SIGN_MIXER,
    STATE_SIZE,
    UNKNOWN,
    VECTOR_MIXER,
    Integers,
)
from core.codec.shared_stream import SharedTensor, code_tensors, matrix_shape, with_order

PASSES = 4
POSITION_COUNT, VALUE_COUNT = 15, 8
"""Greatest counts of slots at the start: what is learnt of values carries over less."""
SEEN = 100  # decisions of each mixer before a new file, so that its steps stay small
ONE = 1 << 20


def tensors_of(network: CompressedNetwork) -> list[SharedTensor | None]:
    """A network's tensors as the shared stream takes them."""
    made: list[SharedTensor | None] = []
    for tensor in network.tensors.values():
        if isinstance(tensor, ClusteredTensor):
            cells, alphabet = tensor.indices, Alphabet.of_codebook(tensor.codebook)
        elif isinstance(tensor, UniformTensor):
            cells = (tensor.levels << 1) ^ (tensor.levels >> 31)
            alphabet = Alphabet.of_levels(tensor.num_bits)
        else:
            continue
        shaped = cells.reshape(matrix_shape(tensor.shape)).copy()
        made.append(SharedTensor(tensor.shape, alphabet, shaped))
    return with_order(made)


def mixers_of(state: Integers) -> Integers:
    """The mixers of a state, a view, ``[mixers, 9]``."""
    return state[FIRST_MIXER:].reshape(-1, MIXER_SIZE)


def untrained() -> Integers:
    """A state that trusts the direct inputs most, and every slot a little."""
    state = np.zeros(STATE_SIZE, np.int64)
    state[LIVE:FIRST_MIXER] = UNKNOWN
    mixers = mixers_of(state)
    mixers[POSITION_MIXER:SIGN_MIXER, [0, 1, 5, 6, 7]] = [
        [round(weight * ONE) for weight in (0.7, 0.6, 0.15, 0.15, 0.15)]
    ]
    mixers[SIGN_MIXER:RANK_MIXER, [0, 1, 2]] = round(0.3 * ONE)
    mixers[SIGN_MIXER:RANK_MIXER, 4:NUM_INPUTS] = round(0.25 * ONE)
    mixers[RANK_MIXER:LIVE_MIXER, :NUM_INPUTS] = round(0.3 * ONE)
    mixers[LIVE_MIXER:VECTOR_MIXER, 5:NUM_INPUTS] = round(0.5 * ONE)
    mixers[VECTOR_MIXER : VECTOR_MIXER + 4, 5:NUM_INPUTS] = round(0.4 * ONE)
    mixers[VECTOR_MIXER + 4 :, :6] = round(0.3 * ONE)
    return state


def trained(networks: list[CompressedNetwork]) -> Integers:
    """The state after some passes over the networks, its mixers averaged but for the first pass."""
    state = untrained()
    total, num_added = np.zeros_like(mixers_of(state)), 0
    for number in range(PASSES):
        for network in networks:
            state[LOW:LIVE] = 0
            state[HIGH] = 0xFFFFFFFF
            tensors = tensors_of(network)
            num_cells = sum(tensor.cells.size for tensor in tensors if tensor is not None)
            if (
                code_tensors(False, tensors, state, np.zeros(4096 + 4 * num_cells, np.uint8))
                is None
            ):
                raise SystemExit("a stream is longer than its tensors")
            mixers_of(state)[:, NUM_INPUTS] = SEEN
            if number:
                total, num_added = total + mixers_of(state), num_added + 1
    mixers_of(state)[:] = total // num_added
    return state


def stored(state: Integers) -> bytes:
    """The state as ``core/codec/model_state.py`` reads it."""
    slots = state[LIVE:FIRST_MIXER]
    most = np.where(np.arange(LIVE, FIRST_MIXER) < SIGN, POSITION_COUNT, VALUE_COUNT)
    counts = np.minimum(slots & 1023, most)
    slots = np.where(counts > 0, np.clip(slots >> 20, 1, 4095) << 4 | counts, 0)
    weights = np.rint(mixers_of(state)[:, :NUM_INPUTS] / 256).clip(-32768, 32767)
    raw = np.concatenate((slots, weights.astype(np.int64).reshape(-1) & 0xFFFF))
    return zlib.compress(raw.astype("<u2").tobytes(), 9)


def main() -> None:
    target, *paths = map(Path, sys.argv[1:])
    data = stored(trained([decode(path.read_bytes()) for path in paths]))
    target.write_bytes(data)
    print(f"{target}: {len(data)} bytes")


if __name__ == "__main__":
    main()
