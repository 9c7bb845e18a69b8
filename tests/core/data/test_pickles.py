import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.pickles import unpickle_arrays
from core.errors import DataError

# What Python 2 with an old NumPy wrote: protocol 2, the arrays' bytes as text.
PYTHON_2_ARRAY = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R"
    b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    b"U\x08\x00\x00\x80?\x00\x00\x00\xbftb."
)


def test_plain_arrays_are_unpickled() -> None:
    array = unpickle_arrays(io.BytesIO(PYTHON_2_ARRAY), "array")
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
            unpickle_arrays(io.BytesIO(pickle.dumps(request, protocol)), "hostile")
    assert not (tmp_path / "run").exists()


def test_an_array_of_objects_is_refused() -> None:
    objects = PYTHON_2_ARRAY.replace(b"U\x02f4", b"U\x02O8")
    with pytest.raises(DataError, match="it asks for an array of O8"):
        unpickle_arrays(io.BytesIO(objects), "objects")


def test_a_pickle_cut_anywhere_is_refused() -> None:
    for length in range(len(PYTHON_2_ARRAY)):
        with pytest.raises(DataError, match="is no pickle of plain arrays"):
            unpickle_arrays(io.BytesIO(PYTHON_2_ARRAY[:length]), "cut")
