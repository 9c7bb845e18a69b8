"""What is asked again of the same study is not worked out again."""

from collections.abc import Callable

from dashboards.remembering import remembered
from search.records import StudySnapshot

Snapshot = Callable[..., StudySnapshot]


def test_a_study_is_known_by_its_identity_and_what_is_asked(make_snapshot: Snapshot) -> None:
    asked = []

    @remembered
    def name(snapshot: StudySnapshot, times: int) -> str:
        asked.append((id(snapshot), times))
        return times * snapshot.study.name

    one, same = make_snapshot(), make_snapshot()
    assert [name(one, 1), name(one, 2), name(one, 1), name(same, 1)] == [
        "quickstart",
        2 * "quickstart",
        "quickstart",
        "quickstart",
    ]
    assert asked == [(id(one), 1), (id(one), 2), (id(same), 1)]
