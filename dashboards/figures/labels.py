"""Where to write the name of a point so that it covers neither points nor other names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Mean width of a character and height of a line, as shares of a plot of about 900 x 440 pixels.
_CHARACTER_WIDTH = 0.0081
_LINE_HEIGHT = 0.042
_GAP = 0.014


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text beside a point.

    Attributes:
        index: which of the anchors it names.
        text: plain text, not yet escaped.
        right: whether the text stands to the right of the point.
        rise: -1 below the point, 0 level with it, 1 above it.
    """

    index: int
    text: str
    right: bool
    rise: int


_Box = tuple[float, float, float, float]


def place_labels(
    anchors: Sequence[Sequence[float]] | NDArray[np.float64],
    texts: Sequence[str],
    obstacles: Sequence[Sequence[float]] | NDArray[np.float64],
) -> tuple[Label, ...]:
    """Choose for each text, in order, the side of its point where it covers least.

    Args:
        anchors: positions of the n points to name, in shares of the plot's width and height, the
            origin at the bottom left; of shape (n, 2).
        texts: their names.
        obstacles: positions of all points that should stay visible, the anchors included; of
            shape (number, 2).

    Returns:
        One label for each anchor, in the anchors' order.
    """
    points = np.array(obstacles, dtype=float).reshape(-1, 2)
    labels: list[Label] = []
    taken: list[_Box] = []
    for index, ((x, y), text) in enumerate(zip(anchors, texts, strict=True)):
        best: tuple[float, Label, _Box] | None = None
        for right, rise in ((True, 0), (True, 1), (True, -1), (False, 0), (False, 1), (False, -1)):
            box = _box(x, y, text, right=right, rise=rise)
            cost = (
                8 * _outside(box)
                + sum(3 * _overlap(box, other) for other in taken)
                + _num_covered(box, points, (x, y))
            )
            label = Label(index=index, text=text, right=right, rise=rise)
            if best is None or cost < best[0]:
                best = (cost, label, box)
        assert best is not None  # six sides were tried
        labels.append(best[1])
        taken.append(best[2])
    return tuple(labels)


def _box(x: float, y: float, text: str, *, right: bool, rise: int) -> _Box:
    width = _CHARACTER_WIDTH * len(text)
    left = x + _GAP if right else x - _GAP - width
    bottom = y + rise * 0.8 * _LINE_HEIGHT - _LINE_HEIGHT / 2
    return left, bottom, left + width, bottom + _LINE_HEIGHT


def _outside(box: _Box) -> int:
    left, bottom, right, top = box
    return int(left < 0) + int(bottom < 0) + int(right > 1) + int(top > 1)


def _overlap(one: _Box, other: _Box) -> int:
    return int(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3])


def _num_covered(box: _Box, points: NDArray[np.float64], anchor: tuple[float, float]) -> int:
    """Return how many points, of shape (n, 2), a box covers beside the one that it names."""
    left, bottom, right, top = box
    x, y = points.T
    is_inside = (left - 0.008 <= x) & (x <= right + 0.008)
    is_inside &= (bottom - 0.01 <= y) & (y <= top + 0.01)
    is_inside &= (x != anchor[0]) | (y != anchor[1])
    return int(is_inside.sum())
