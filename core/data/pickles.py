"""Pickles of plain arrays, in which older data sets come, read without running any of it."""

import pickle
from io import BufferedIOBase
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import DataError

_PLAIN_TYPES = ("u1", "f4", "i8")


def unpickle_arrays(pickled: BufferedIOBase, source: str) -> Any:
    """Unpickle what is made of plain Python values and NumPy arrays of numbers, and nothing else.

    Texts that Python 2 wrote come back as texts, its bytes mapped one to one.

    Args:
        pickled: the pickle.
        source: how an error names it.

    Raises:
        DataError: the pickle asks for any other object; nothing of it has been run.
    """
    try:
        # Python 2 wrote the arrays' bytes as text, which latin1 maps one to one.
        return _ArrayUnpickler(pickled, encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, IndexError, KeyError) as error:
        raise DataError(f"{source} is no pickle of plain arrays: {error}") from error


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds arrays by two functions below, so that a pickle can call nothing else.

    NumPy's own functions are not handed out: they move between its versions, accept any type, and
    take memory by numbers in the file.
    """

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"): _empty_array,
            ("numpy._core.multiarray", "_reconstruct"): _empty_array,
            ("numpy", "ndarray"): None,
            ("numpy", "dtype"): _plain_dtype,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return allowed[module, name]


def _empty_array(_kind: None, _shape: tuple[int, ...], _code: str | bytes) -> npt.NDArray[Any]:
    return np.empty(0, np.uint8)  # the pickle's next step gives it shape, type and values


def _plain_dtype(code: str, _align: object, _copy: object) -> np.dtype[Any]:
    if code not in _PLAIN_TYPES:
        raise pickle.UnpicklingError(f"it asks for an array of {code}")
    return np.dtype(code)
