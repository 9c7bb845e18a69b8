"""Names stand beside their points, inside the plot and off what they would cover."""

from hypothesis import given
from hypothesis import strategies as st

from dashboards.figures.labels import place_labels

SHARES = st.floats(0, 1)


def test_a_lone_name_stands_level_on_the_right() -> None:
    (label,) = place_labels([(0.5, 0.5)], ["paper"], [(0.5, 0.5)])
    assert (label.right, label.rise) == (True, 0)


def test_a_name_at_the_right_edge_turns_left() -> None:
    (label,) = place_labels([(0.98, 0.5)], ["best known"], [(0.98, 0.5)])
    assert not label.right


def test_a_name_moves_away_from_a_point_that_it_would_cover() -> None:
    (label,) = place_labels([(0.5, 0.5)], ["paper"], [(0.5, 0.5), (0.53, 0.5)])
    assert (label.right, label.rise) != (True, 0)


def test_two_names_of_neighbours_do_not_share_a_place() -> None:
    one, other = place_labels([(0.5, 0.5), (0.5, 0.51)], ["tutorial", "paper"], [])
    assert (one.right, one.rise) != (other.right, other.rise)


@given(st.lists(st.tuples(SHARES, SHARES), max_size=12))
def test_every_anchor_gets_its_name_in_order(anchors: list[tuple[float, float]]) -> None:
    texts = [str(index) for index in range(len(anchors))]
    labels = place_labels(anchors, texts, anchors)
    assert [label.text for label in labels] == texts
    assert [label.index for label in labels] == list(range(len(anchors)))
