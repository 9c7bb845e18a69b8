"""The compiled loop of a vector of symbols, as biases are.

See ``decisions.py`` and ``docs/format.md``.
"""

from core.codec.alphabet import Tables
from core.codec.decisions import (
    Bytes,
    Integers,
    Symbols,
    decide_by_3,
    half_log,
)
from core.codec.model_state import (
    PLACE,
    POSITION_COST,
    VALUE_COST,
    VECTOR,
    VECTOR_MIXER,
    Model,
)
from core.codec.unary_ranks import code_rank
from core.compiling import compiled


@compiled(error_model="numpy")
def code_vector(
    decoding: bool,
    cells: Symbols,
    row_counts: Integers,
    tables: Tables,
    model: Model,
    stream: Bytes,
) -> bool:
    """Code symbols without columns, ``[elements]``; whether the stream was long enough.

    Args:
        decoding: whether ``cells``, all zero, are to be filled.
        cells: the symbols, 0 being the zero, ``[elements]``.
        row_counts: non-zeros in the row that each belongs to, ``[elements]``, or ``[0]``.
        tables: signs and ranks of the symbols.
        model: see ``mix``.
        stream: see ``mix``.
    """
    signs, num_ranks = tables.signs, tables.num_ranks
    direct = (90, 0, 0, 0, 0)
    sign_1, sign_2, rank_1, rank_2 = 0, 0, 0, 0
    for k in range(cells.size):
        symbol = cells[k]
        hint = min(15, 1 + half_log(1 + row_counts[k])) if row_counts.size else 0
        pattern = (sign_1 > 0) + 2 * (sign_2 > 0)
        places = (
            VECTOR + hint,
            VECTOR + 16 + hint * 4 + pattern,
            VECTOR + 80 + min(hint, 2) * 4 + pattern,
        )
        sign, rank = 0, 0
        if decide_by_3(
            decoding, 1 if symbol else 0, direct, places, VECTOR_MIXER,
            VECTOR_MIXER + 1, model, stream, POSITION_COST,
        ):  # fmt: skip
            sign = 1 if num_ranks[2] == 0 else 2
            if num_ranks[1] and num_ranks[2]:
                places = (VECTOR + 92, VECTOR + 93 + sign_1 * 3 + sign_2, VECTOR + 102 + hint)
                sign = 1 + decide_by_3(
                    decoding, 1 if signs[symbol] == 2 else 0, direct, places, VECTOR_MIXER + 2,
                    VECTOR_MIXER + 3, model, stream, VALUE_COST,
                )  # fmt: skip
            before = min(3, rank_1 >> 2) * 4 + min(3, rank_2 >> 2)
            keys = (0, hint, min(15, rank_1), before, sign, sign * 4 + sign_1, 0, 0)
            rank = code_rank(
                decoding, tables.ranks[symbol], num_ranks[sign], VECTOR + 118, 16, keys,
                VECTOR_MIXER + 4, model, stream,
            )  # fmt: skip
            if decoding:
                cells[k] = tables.symbols[sign, rank]
            rank += 1
        if model.coder[PLACE] > stream.size:
            return False
        sign_1, sign_2, rank_1, rank_2 = sign, sign_1, rank, rank_1
    return True
