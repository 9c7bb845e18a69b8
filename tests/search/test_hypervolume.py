"""The hypervolume of a front against a hand-worked staircase."""

import pytest

from search.hypervolume import contributions, hypervolume
from search.pareto import Objectives

POINTS = [
    Objectives(0.001, 4, 0),  # 0.4 points below the cap, 2 halvings
    Objectives(0.003, 16, 1),  # 0.2 points below the cap, 4 halvings
    Objectives(0.003, 8, 2),  # dominated
    Objectives(0.05, 1024, 3),  # over the cap
]


def test_it_is_the_area_of_the_staircase_in_any_order() -> None:
    # 0.2 points to 4 halvings, the other 0.2 points to 2.
    assert hypervolume(POINTS, 0.005) == pytest.approx(0.2 * 4 + 0.2 * 2)
    assert hypervolume(reversed(POINTS), 0.005) == pytest.approx(1.2)
    assert hypervolume([], 0.005) == 0


def test_a_point_contributes_what_it_alone_dominates() -> None:
    points = [
        Objectives(0.001, 64.0, 0),
        Objectives(0.001, 64.0, 1),  # its double
        Objectives(0.003, 256.0, 2),
        Objectives(0.004, 64.0, 3),  # dominated
    ]
    assert contributions(points, 0.005) == pytest.approx([0, 0, 0.2 * 2, 0])
