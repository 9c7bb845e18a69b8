"""``inspect``, ``decompress`` and ``evaluate`` on files, whole and broken."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from core.codec import decode
from search.command_line import main
from tests.search.command_line.conftest import FinishedStudy


def test_inspect_shows_where_the_bytes_are(
    sws_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(sws_file)]) == 0
    shown = capsys.readouterr().out
    size = sws_file.stat().st_size
    assert f"{size:,} bytes" in shown
    for name in ("hidden1.weight", "300x784", "lenet_300_100"):
        assert name in shown
    assert main(["inspect", str(sws_file), "output=json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    tensor_bytes = sum(tensor["file_bytes"] for tensor in printed["tensors"])
    assert printed["header_bytes"] + tensor_bytes + printed["checksum_bytes"] == size
    assert printed["total_bytes"] == size


def test_decompress_writes_the_decoded_tensors(
    sws_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "net.safetensors"
    assert main(["decompress", str(sws_file), f"to={target}"]) == 0
    assert "266,610 values" in capsys.readouterr().out
    written = safetensors.numpy.load_file(target)
    expected = decode(sws_file.read_bytes()).arrays()
    assert written.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(written[name], array)
    assert oct(target.stat().st_mode & 0o700) == oct(0o600)


def test_evaluate_measures_what_the_study_recorded(
    sws_file: Path, finished_study: FinishedStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(sws_file), *finished_study.data_words]
    assert main([*words, "output=json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    outcome = finished_study.outcome
    assert printed["validation_error"] == outcome.validation_error
    assert printed["test_error"] == outcome.test_error
    assert printed["file_bytes"] == len(outcome.file)
    assert printed["compression_rate"] == outcome.compression_rate
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert f"test error on images: {100 * outcome.test_error:.2f} %" in shown


BROKEN = {
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "flipped": lambda content: content[:100] + bytes([content[100] ^ 4]) + content[101:],
    "longer": lambda content: content + b"\0",
    "foreign": lambda content: b"\x89PNG\r\n\x1a\n" + content,
}


@pytest.mark.parametrize("verb", ["inspect", "decompress", "evaluate"])
@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_file_is_told_with_the_byte_that_is_wrong(
    verb: str, damage: str, sws_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sws_file.write_bytes(BROKEN[damage](sws_file.read_bytes()))
    target = tmp_path / "out"
    words = [verb, str(sws_file), *([f"to={target}"] if verb == "decompress" else [])]
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"softshare: {sws_file}: ")
    assert "(at byte " in printed.err
    assert printed.err.count("\n") == 1
    assert not target.exists()


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(tmp_path / "none.sws")]) == 2
    assert capsys.readouterr().err == (
        f"softshare: FILE must be a file that can be read, but {tmp_path}/none.sws: No such file "
        "or directory\n"
    )
    assert main(["inspect", str(tmp_path)]) == 2
    assert "Is a directory" in capsys.readouterr().err


def test_a_target_that_cannot_be_written_is_named(
    sws_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decompress", str(sws_file), f"to={tmp_path}/no/such/folder/x"]) == 2
    assert f"{tmp_path}/no/such/folder/x" in capsys.readouterr().err
    assert main(["decompress", str(sws_file), "to="]) == 2
    assert capsys.readouterr().err == "softshare: to must be a path, but got nothing\n"
