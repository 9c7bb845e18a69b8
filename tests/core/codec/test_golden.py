"""Files of every format version stay decodable, and this version still writes the same bytes."""

from pathlib import Path

from core.codec import CompressedNetwork, decode, encode

VERSION_1 = Path(__file__).parent / "golden" / "version_1.sws"


def test_a_file_of_version_1_is_decoded(every_kind: CompressedNetwork) -> None:
    assert decode(VERSION_1.read_bytes()) == every_kind


def test_version_1_is_written_as_ever(every_kind: CompressedNetwork) -> None:
    assert encode(every_kind) == VERSION_1.read_bytes()
