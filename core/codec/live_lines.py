"""The compiled loop of which rows and columns of a matrix have a non-zero.

See ``docs/format.md``.
"""

from core.codec.decisions import INNER, UNITS, Bytes, Integers, decide_by_3
from core.codec.model_state import LIVE, LIVE_MIXER, POSITION_COST, Model
from core.compiling import compiled


@compiled(**INNER)
def code_live(
    decoding: bool,
    axis: int,
    kind: int,
    height: int,
    width: int,
    known: Integers,
    live: Bytes,
    model: Model,
    stream: Bytes,
) -> None:
    """Code which rows (axis 0) or columns (axis 1) have a non-zero.

    Args:
        decoding: whether ``live`` is to be filled.
        axis: 0 for rows, 1 for columns.
        kind: what the columns are.
        height: of an image; 1 for rows.
        width: of an image; 1 for rows.
        known: what is known of each: 0 nothing, 1 that its unit feeds none, 2 that it feeds some.
        live: 1 for each that has one; of columns, ``[channels * height * width]``.
        model: see ``mix``.
        stream: see ``mix``.
    """
    area = height * width
    recent = 0
    for k in range(live.size):
        pattern = 0
        y, x = (k % area) // width, k % width
        ring = min(7, y, height - 1 - y, x, width - 1 - x)
        if axis == 0 or kind == UNITS:
            pattern = (live[k - 1] if k > 0 else 0) + 2 * (live[k - 2] if k > 1 else 0)
        else:
            pattern = 1 * (live[k - 1] if x > 0 else 0) + 2 * (live[k - 2] if x > 1 else 0)
            if y > 0:
                pattern += 4 * live[k - width]
                pattern += 8 * live[k - width - 1] if x > 0 else 0
                pattern += 16 * live[k - width + 1] if x + 1 < width else 0
        of_kind = 3 * known[k] if axis == 0 else 9 + kind
        first = 1 if k % area == 0 else 0
        places = (
            LIVE + of_kind * 32 + pattern,
            LIVE + 384 + of_kind * 32 + ring * 4 + (pattern & 1) + (pattern >> 1 & 2),
            LIVE + 768 + of_kind * 32 + min(8, recent) * 2 + first,
        )
        live[k] = decide_by_3(
            decoding, live[k], (0, 0, 0, 0, 0), places, LIVE_MIXER + of_kind,
            LIVE_MIXER + 12 + kind, model, stream, POSITION_COST,
        )  # fmt: skip
        recent += live[k]
        if k >= 8:
            recent -= live[k - 8]
