"""Train the model from which the shared stream starts: part of the format, so never run in vain.

``python -m benchmarks.codec_training TARGET [FILE.sws ...]`` encodes the networks of the files over
and over, lets slots and mixers learn, averages the mixers, and writes the model. Those of the
format versions 3 and 4 came from the five files in ``codec_networks``, in that order: four
LeNet-300-100, of 2.4 to 6 KB, and one LeNet-5-Caffe of 2.2 KB, files that no benchmark judges. They
are kept because what wrote them (``softshare`` at tau 0.2 and 0.5 and at two older defaults, and a
trial of a search of the LeNet-5-Caffe) has moved on. More networks, or another order, changed the
judges' bytes by less than 0.1 %.
"""

import sys
import zlib
from pathlib import Path

import numpy as np

from core.codec import ClusteredTensor, CompressedNetwork, UniformTensor, decode
from core.codec.alphabet import Alphabet
from core.codec.model_state import (
    CODER_SIZE,
    HIGH,
    LIVE_MIXER,
    NUM_INPUTS,
    NUM_MIXERS,
    NUM_SLOTS,
    POSITION_MIXER,
    RANK_MIXER,
    SIGN,
    SIGN_MIXER,
    UNKNOWN,
    VECTOR_MIXER,
    Model,
)
from core.codec.shared_stream import SharedTensor, code_tensors, matrix_shape, with_order

NETWORKS = sorted((Path(__file__).parent / "codec_networks").glob("*.sws"))
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


def untrained() -> Model:
    """A model that trusts the direct inputs most, and every slot a little."""
    weights = np.zeros((NUM_MIXERS, NUM_INPUTS))
    weights[POSITION_MIXER:SIGN_MIXER, [0, 1, 5, 6, 7]] = [0.7, 0.6, 0.15, 0.15, 0.15]
    weights[SIGN_MIXER:RANK_MIXER, [0, 1, 2]] = 0.3
    weights[SIGN_MIXER:RANK_MIXER, 4:] = 0.25
    weights[RANK_MIXER:LIVE_MIXER] = 0.3
    weights[LIVE_MIXER:VECTOR_MIXER, 5:] = 0.5
    weights[VECTOR_MIXER : VECTOR_MIXER + 4, 5:] = 0.4
    weights[VECTOR_MIXER + 4 :, :6] = 0.3
    return Model(
        np.full(NUM_SLOTS, UNKNOWN, np.uint32),
        np.rint(weights * ONE).astype(np.int32),
        np.zeros(NUM_MIXERS, np.int32),
        np.zeros(CODER_SIZE, np.int64),
    )


def trained(networks: list[CompressedNetwork]) -> Model:
    """The model after some passes over the networks, weights averaged but for the first pass."""
    model = untrained()
    total, num_added = np.zeros(model.weights.shape, np.int64), 0
    for number in range(PASSES):
        for network in networks:
            model.coder[:] = 0
            model.coder[HIGH] = 0xFFFFFFFF
            tensors = tensors_of(network)
            num_cells = sum(tensor.cells.size for tensor in tensors if tensor is not None)
            stream = np.zeros(4096 + 4 * num_cells, np.uint8)
            if code_tensors(False, tensors, model, stream) is None:
                raise SystemExit("a stream is longer than its tensors")
            model.seen[:] = SEEN
            if number:
                total, num_added = total + model.weights, num_added + 1
    model.weights[:] = total // num_added
    return model


def stored(model: Model) -> bytes:
    """The model as ``core/codec/model_state.py`` reads it."""
    slots = model.slots.astype(np.int64)
    most = np.where(np.arange(NUM_SLOTS) < SIGN, POSITION_COUNT, VALUE_COUNT)
    counts = np.minimum(slots & 1023, most)
    slots = np.where(counts > 0, np.clip(slots >> 20, 1, 4095) << 4 | counts, 0)
    weights = np.rint(model.weights / 256).clip(-32768, 32767).astype(np.int64)
    raw = np.concatenate((slots, weights.reshape(-1) & 0xFFFF))
    return zlib.compress(raw.astype("<u2").tobytes(), 9)


def main() -> None:
    target, *paths = map(Path, sys.argv[1:])
    data = stored(trained([decode(path.read_bytes()) for path in paths or NETWORKS]))
    target.write_bytes(data)
    print(f"{target}: {len(data)} bytes")


if __name__ == "__main__":
    main()
