"""Every study and trial has an address, whatever it is called."""

from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from dashboards.live.addresses import Place, compare_path, place_of, study_path, trial_path

NAMES = st.text(st.characters(exclude_characters="/\\", exclude_categories=["C", "Z"]), min_size=1)


@given(NAMES, st.integers(0, 999_999))
def test_addresses_lead_back_to_their_names(name: str, number: int) -> None:
    assert place_of(study_path(name)) == Place(page="study", study=name)
    assert place_of(trial_path(name, number)) == Place(page="trial", study=name, trial=number)


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_comparisons_lead_back_to_their_studies(names: list[str]) -> None:
    parts = urlsplit(compare_path(tuple(names)))
    assert place_of(parts.path, f"?{parts.query}").studies == tuple(names)


def test_other_addresses_lead_nowhere() -> None:
    for path in ("/other", "/study", "/study/a/b", "/study/a/trial/1/2"):
        assert place_of(path).page == "missing"
