"""Files of every format version stay decodable, and this version still writes the same bytes."""

import hashlib
from pathlib import Path

import pytest

from core.codec import CompressedNetwork, decode, describe, encode
from core.codec.heads import SHARED_KINDS

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_file_of_every_version_is_decoded(version: int, every_kind: CompressedNetwork) -> None:
    assert decode((GOLDEN / f"version_{version}.sws").read_bytes()) == every_kind


def test_version_3_is_written_as_ever(every_kind: CompressedNetwork) -> None:
    assert encode(every_kind) == (GOLDEN / "version_3.sws").read_bytes()


def test_the_golden_file_has_the_new_kinds(every_kind: CompressedNetwork) -> None:
    kinds = {tensor.kind for tensor in describe(encode(every_kind)).tensors}
    assert kinds > set(SHARED_KINDS.values())


def test_the_initial_state_is_the_one_of_the_specification() -> None:
    root = Path(__file__).parents[3]
    state = (root / "core/codec/initial_state.bin").read_bytes()
    assert hashlib.sha256(state).hexdigest() in (root / "docs/format.md").read_text("utf-8")
