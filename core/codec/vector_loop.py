"""The compiled loop of a vector of symbols, as biases are.

See ``decisions.py`` and ``docs/format.md``.
"""

import numpy as np

from core.codec.decisions import (
    Bytes,
    Integers,
    Symbols,
    code_rank,
    decide,
    half_log,
)
from core.codec.model_state import (
    CONTEXTS,
    INPUTS,
    LOW,
    NUM_INPUTS,
    PLACE,
    POSITION_COST,
    VALUE_COST,
    VECTOR,
    VECTOR_MIXER,
)
from core.compiling import compiled


@compiled(error_model="numpy")
def code_vector(
    decoding: bool,
    cells: Symbols,
    row_counts: Integers,
    signs: Integers,
    ranks: Integers,
    symbols: Symbols,
    num_ranks: Integers,
    state: Integers,
    stream: Bytes,
) -> bool:
    """Code symbols without columns, ``[elements]``; whether the stream was long enough.

    Args:
        decoding: whether ``cells``, all zero, are to be filled.
        cells: the symbols, 0 being the zero, ``[elements]``.
        row_counts: non-zeros in the row that each belongs to, ``[elements]``, or ``[0]``.
        signs: 1 or 2 for each symbol but 0, for which it is 0.
        ranks: rank of each symbol among those of its sign.
        symbols: the symbol of each sign and rank.
        num_ranks: number of ranks of each sign, ``[3]``.
        state: see ``decide``.
        stream: see ``decide``.
    """
    inputs, contexts = state[INPUTS:CONTEXTS], state[CONTEXTS:LOW]
    inputs[:] = 0
    keys = np.zeros(NUM_INPUTS, np.int64)
    sign_1, sign_2, rank_1, rank_2 = 0, 0, 0, 0
    for k in range(cells.size):
        symbol = cells[k]
        hint = min(15, 1 + half_log(1 + row_counts[k])) if row_counts.size else 0
        pattern = (sign_1 > 0) + 2 * (sign_2 > 0)
        inputs[0], inputs[1], inputs[2], inputs[3], inputs[4] = 90, 0, 0, 0, 0
        contexts[5] = VECTOR + hint
        contexts[6] = VECTOR + 16 + hint * 4 + pattern
        contexts[7] = VECTOR + 80 + min(hint, 2) * 4 + pattern
        sign, rank = 0, 0
        if decide(
            decoding, 1 if symbol else 0, 5, VECTOR_MIXER,
            VECTOR_MIXER + 1, state, stream, POSITION_COST,
        ):  # fmt: skip
            contexts[5] = VECTOR + 92
            contexts[6] = VECTOR + 93 + sign_1 * 3 + sign_2
            contexts[7] = VECTOR + 102 + hint
            sign = 1 if num_ranks[2] == 0 else 2
            if num_ranks[1] and num_ranks[2]:
                sign = 1 + decide(
                    decoding, 1 if signs[symbol] == 2 else 0, 5, VECTOR_MIXER + 2,
                    VECTOR_MIXER + 3, state, stream, VALUE_COST,
                )  # fmt: skip
            keys[0] = 0
            keys[1] = hint
            keys[2] = min(15, rank_1)
            keys[3] = min(3, rank_1 >> 2) * 4 + min(3, rank_2 >> 2)
            keys[4] = sign
            keys[5] = sign * 4 + sign_1
            rank = code_rank(
                decoding, ranks[symbol], num_ranks[sign], VECTOR + 118, 16, keys,
                VECTOR_MIXER + 4, state, stream,
            )  # fmt: skip
            if decoding:
                cells[k] = symbols[sign, rank]
            rank += 1
        if state[PLACE] > stream.size:
            return False
        sign_1, sign_2, rank_1, rank_2 = sign, sign_1, rank, rank_1
    return True
