"""Whether a unit's weight is positive, by the units before that feed the same units as it does.

What an earlier unit sends to the same units with the same sign takes its inputs with the same
signs: of the weights between two hidden layers this tells a third of the signs' bits or more. A
unit's outgoing weights are known, since the last matrix comes first. See ``docs/format.md``.
"""

from math import isqrt
from typing import NamedTuple

import numpy as np

from core.codec.decisions import INLINED, INNER, Integers, Symbols, between
from core.codec.logistic import MAX_LOGIT
from core.compiling import compiled

ROOT = np.array([isqrt(256 * x) for x in range(4096)], np.int32)
"""``16 sqrt(x)``, rounded down, ``[4096]``."""


class Links(NamedTuple):
    """What the units so far have in common by the units that they feed; all but one change.

    Attributes:
        outgoing: sum of the directions of what each unit behind has of each row's unit, stays,
            ``[units behind, rows]``; without units behind if nothing is known.
        fed: twice the number of each unit that the present row's unit feeds, ``[units behind]``.
        ways: the present row's ``outgoing`` of those, ``[units behind]``.
        table: for each column and unit behind two sums over the rows so far: of the column's
            direction times ``outgoing``, and of its absolute values,
            ``[columns, 2 * units behind]``.
    """

    outgoing: Integers
    fed: Integers
    ways: Integers
    table: Symbols


@compiled(**INNER)
def feed(links: Links, r: int) -> int:
    """Find the units that a row's unit feeds; their number."""
    number = 0
    for k in range(len(links.outgoing)):
        way = links.outgoing[k, r]
        if way:
            links.fed[number], links.ways[number] = 2 * k, way
            number += 1
    return number


@compiled(**INLINED)
def affinity(links: Links, num_fed: int, c: int) -> tuple[int, int]:
    """How much speaks for a positive weight of a column, as a logit, and how much was seen."""
    agreed, size = 0, 0
    for k in range(num_fed):
        place, way = links.fed[k] & 0x7FFFFFFF, links.ways[k]
        agreed += way * links.table[c, place]
        size += abs(way) * links.table[c, place + 1]
    return between(4096 * agreed // (8 + _root(size)), -MAX_LOGIT, MAX_LOGIT), size


@compiled(**INLINED)
def tell(links: Links, num_fed: int, c: int, direction: int) -> None:
    """Take note of a weight that is not zero."""
    for k in range(num_fed):
        place, way = links.fed[k] & 0x7FFFFFFF, links.ways[k]
        links.table[c, place] += way * direction
        links.table[c, place + 1] += abs(way)


@compiled(**INLINED)
def _root(size: int) -> int:
    """``16 sqrt(size)``, roughly."""
    shift = 0
    while size >= 4096:
        size >>= 2
        shift += 1
    return int(ROOT[size]) << shift
