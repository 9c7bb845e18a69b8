"""What a non-zero tells the cells of its image that come after it, gathered in one number each."""

from core.codec.decisions import INNER, Integers
from core.compiling import compiled

# Bits of that number: 0 to 4 which of the five nearest are not zero, then how many are, ...
FAR, OUTER, STRONG, NEAR = 5, 9, 15, 18


@compiled(**INNER)
def tell_neighbours(around: Integers, c: int, height: int, width: int, is_strong: bool) -> None:
    """Tell the cells of three columns and lines around that come later in the row.

    Args:
        around: what is told to each cell of the row, ``[columns]``: of its five neighbours, left,
            two to the left, above, above left and above right, the pattern, how many are not zero
            (from bit ``NEAR``) and how many of these are strong (``STRONG``); how many others are
            not zero at a squared distance of at most 8 (``FAR``) and beyond (``OUTER``).
        c: column of the non-zero.
        height: of the image.
        width: of the image.
        is_strong: whether the non-zero's rank is in the upper half.
    """
    y, x = (c % (height * width)) // width, c % width
    for down in range(min(4, height - y)):
        for right in range(max(-3, -x) if down else 1, min(4, width - x)):
            note = 0
            if down == 0 and right <= 2:
                note = right  # 1: beside, 2: two beside
            elif down == 1 and -1 <= right <= 1:
                note = 4 if right == 0 else 8 if right == 1 else 16
            if note:
                note += (is_strong << STRONG) + (1 << NEAR)
            else:
                note = 1 << FAR if down * down + right * right <= 8 else 1 << OUTER
            around[c + down * width + right] += note
