import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.codec import relative_index


def test_the_paper_s_figure_4() -> None:
    # Non-zeros at 1, 4 and 15 with span 8: the distance 11 is cut by a padding zero at 12.
    distance = relative_index.distances(np.array([1, 4, 15]))
    gaps, values = relative_index.pad(distance, np.array([7, 8, 9]), span_bits=3)
    assert distance.tolist() == [2, 3, 11]
    assert gaps.tolist() == [2, 3, 0, 3]
    assert values.tolist() == [7, 8, 0, 9]
    assert relative_index.positions_of(gaps, 3).tolist() == [1, 4, 12, 15]


def test_a_distance_of_exactly_the_span_needs_no_padding() -> None:
    gaps, values = relative_index.pad(np.array([8, 16, 9]), np.array([1, 1, 1]), span_bits=3)
    assert gaps.tolist() == [0, 0, 0, 0, 1]
    assert values.tolist() == [1, 0, 1, 0, 1]


@given(st.sets(st.integers(0, 2000), min_size=1, max_size=80), st.integers(0, 12))
def test_positions_come_back_and_counts_are_those_of_the_gaps(
    places: set[int], span_bits: int
) -> None:
    positions = np.array(sorted(places))
    distance = relative_index.distances(positions)
    gaps, values = relative_index.pad(distance, np.ones_like(positions), span_bits)
    found = relative_index.positions_of(gaps, span_bits)
    assert found[values == 1].tolist() == positions.tolist()
    assert (gaps[values == 0] == 0).all()
    assert (values == 0).sum() == relative_index.num_padding_zeros(distance, span_bits)
    assert (
        np.bincount(gaps, minlength=1 << span_bits).tolist()
        == relative_index.gap_counts(distance, span_bits).tolist()
    )
