"""Addresses of the pages and of what can be downloaded, from names to paths and back."""

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlencode

STUDIES = "/"
COMPARE = "/compare"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which page is asked for.

    Attributes:
        page: ``studies``, ``study``, ``trial``, ``compare`` or ``missing``.
        study: name of the study, where one is named.
        trial: number of the trial, where one is named.
        studies: names of the compared studies.
    """

    page: str
    study: str = ""
    trial: int = -1
    studies: tuple[str, ...] = ()


def study_path(study: str) -> str:
    """Return the address of a study."""
    return f"/study/{quote(study, safe='')}"


def trial_path(study: str, trial: int) -> str:
    """Return the address of a trial."""
    return f"{study_path(study)}/trial/{trial}"


def file_path(study: str, trial: int, suffix: str) -> str:
    """Return the address of a trial's file, ``sws`` or ``safetensors``."""
    return f"/download/{quote(study, safe='')}/trial-{trial}.{suffix}"


def compare_path(studies: tuple[str, ...]) -> str:
    """Return the address of a comparison."""
    return f"{COMPARE}?{urlencode([('study', name) for name in studies])}" if studies else COMPARE


def place_of(path: str, search: str = "") -> Place:
    """Return which page an address names."""
    steps = [unquote(step) for step in path.split("/") if step]
    match steps:
        case []:
            return Place(page="studies")
        case ["compare"]:
            named = parse_qs(search.removeprefix("?"), max_num_fields=64).get("study", [])
            return Place(page="compare", studies=tuple(dict.fromkeys(named)))
        case ["study", name]:
            return Place(page="study", study=name)
        case ["study", name, "trial", number] if number.isdecimal() and len(number) < 10:
            return Place(page="trial", study=name, trial=int(number))
        case ["study", name, "trial", _]:
            return Place(page="trial", study=name)
    return Place(page="missing")
