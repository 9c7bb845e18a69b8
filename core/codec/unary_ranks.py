"""The compiled code of a rank: in unary at first. See ``docs/format.md``."""

from core.codec.decisions import INNER, Bytes, Eight, code_bit, decide_by_8
from core.codec.model_state import VALUE_COST, Model
from core.compiling import compiled

MAX_UNARY = 14
"""Ranks beyond this one are told by plain bits."""


@compiled(**INNER)
def code_rank(
    decoding: bool,
    rank: int,
    num_ranks: int,
    base: int,
    span: int,
    keys: Eight,
    mixer: int,
    model: Model,
    stream: Bytes,
) -> int:
    """Code a rank below ``num_ranks``: in unary, and from ``MAX_UNARY`` on in plain bits.

    Args:
        decoding: whether ``rank`` is to be found out.
        rank: the rank to encode.
        num_ranks: number of ranks.
        base: the first slot.
        span: slots of a step.
        keys: what is known, each below ``span``; input k has its slots from
            ``base + k * 9 * span`` on, ``span`` for each of nine steps of the unary.
        mixer: the first of ten mixers.
        model: see ``mix``.
        stream: see ``mix``.
    """
    found = 0
    while found < min(num_ranks - 1, MAX_UNARY):
        step = min(found, 8)
        if not decide_by_8(
            decoding, 1 if rank > found else 0, base + step * span, 9 * span, keys, mixer,
            mixer + 1 + step, model, stream, VALUE_COST,
        ):  # fmt: skip
            return found
        found += 1
    if num_ranks - 1 > MAX_UNARY:
        most, rest = num_ranks - 1 - MAX_UNARY, 0
        for level in range(15, -1, -1):
            if most >> level:
                bit = (rank - MAX_UNARY) >> level & 1
                rest = 2 * rest + code_bit(decoding, bit, 32768, model.coder, stream, VALUE_COST)
        return MAX_UNARY + min(rest, most)
    return found
