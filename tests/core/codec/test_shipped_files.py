"""The files that stand under results/ can be read, and are what the coder writes today or wrote."""

from pathlib import Path

import pytest

from core.codec import decode, encode

RESULTS = Path(__file__).parents[3] / "results"


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*/best.sws")), ids=lambda p: p.parent.name)
def test_a_shipped_file_decodes_and_never_grows_when_it_is_written_anew(path: Path) -> None:
    file = path.read_bytes()
    network = decode(file)
    assert len(encode(network)) <= len(file)
