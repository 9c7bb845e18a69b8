"""Bytes and seconds of the MPEG coder ``nncodec`` for the integer tensors of an ``.npz`` file.

Run by ``codec_size`` with the interpreter of an environment of nncodec's own: it needs NumPy
before 2. It imports packages for data sets and training that coding does not use; those that are
not installed are replaced by stand-ins. Every setting that can help is tried, and each result is
decoded and compared.
"""

import importlib.abc
import importlib.machinery
import json
import sys
import tempfile
import time
import types
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import MagicMock

UNUSED = {"torchvision", "cv2", "pandas", "ptflops", "torchmetrics", "sklearn", "h5py", "wandb"}
SETTINGS: tuple[dict[str, int | bool], ...] = (
    {},
    {"row_skipping": True},
    {"scan_order": 1},
    {"row_skipping": True, "cabac_unary_length_minus1": 1},
)
REPEATS = 7
"""Each setting is timed so often, and the least time counts, as of our own coder."""


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an empty module for every package that coding does not use."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A stand-in for what is in ``UNUSED``."""
        if name.split(".", maxsplit=1)[0] not in UNUSED:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """An object that has every attribute."""
        return MagicMock(name=spec.name, __spec__=spec, __path__=[], __name__=spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def main(path: str) -> None:
    sys.meta_path.insert(0, StandIns())
    import numpy as np  # noqa: PLC0415 this environment's own, behind the stand-ins
    from nncodec import nnc  # type: ignore[import-not-found]  # noqa: PLC0415 not installed here

    tensors = {name: array.astype(np.int32) for name, array in np.load(path).items()}
    results = []
    for setting in SETTINGS:
        encode_seconds, decode_seconds = [], []
        for _ in range(REPEATS):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                stream = nnc.compress(
                    dict(tensors), str(Path(folder, "x.nnc")), return_bitstream=True, **setting
                )
                middle = time.perf_counter()
                decoded = nnc.decompress(stream)
                end = time.perf_counter()
            encode_seconds.append(middle - start)
            decode_seconds.append(end - middle)
        if not all(np.array_equal(decoded[name], tensors[name]) for name in tensors):
            raise SystemExit(f"nncodec changed the tensors with {setting}")
        results.append(
            {
                "setting": setting,
                "bytes": len(stream),
                "encode_seconds": min(encode_seconds),
                "decode_seconds": min(decode_seconds),
            }
        )
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1])
