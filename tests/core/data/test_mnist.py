import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data import DataConfig, load_data
from core.data.idx import FILE_NAMES, ImageSet, read_folder
from core.data.mnist import SHA256, cached_mnist, local_mnist
from core.errors import DataError
from tests.data_sets import mnist, shared_cache, small_images, write_idx_folder


def real_images() -> ImageSet:
    mnist()  # fetched into the shared cache where it is not there
    return read_folder(shared_cache() / "mnist")


def unreachable() -> ImageSet:
    raise DataError("the network is down")


def test_a_local_folder_is_used_without_cache_or_network(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "mine", real_images(), gzipped=True)
    data = load_data(DataConfig(dir=str(folder)), tmp_path / "unused")
    assert data.fingerprint == mnist().fingerprint
    assert not (tmp_path / "unused").exists()


def test_another_data_set_is_not_taken_for_mnist(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, small_images())
    rule = (
        f"{folder}: train-images-idx3-ubyte is not MNIST's: the sha256 .* must be "
        f"{SHA256['train_images']}, but is [0-9a-f]{{64}}; fetch it again, or set data=idx"
    )
    with pytest.raises(DataError, match=rule):
        local_mnist(folder)


def test_what_was_fetched_once_is_read_from_the_cache(tmp_path: Path) -> None:
    fetched = cached_mnist(tmp_path, [real_images])
    again = cached_mnist(tmp_path, [unreachable])
    np.testing.assert_array_equal(again.train_images, fetched.train_images)
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(
        FILE_NAMES.values()
    )


def test_a_corrupt_cache_is_named_and_fetched_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_idx_folder(tmp_path / "mnist", real_images()) / FILE_NAMES["train_images"]
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    cached_mnist(tmp_path, [real_images])
    assert SHA256["train_images"] in caplog.text
    assert FILE_NAMES["train_images"] in caplog.text
    local_mnist(tmp_path / "mnist")


def test_an_unfinished_cache_is_completed(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "mnist", real_images())
    (folder / FILE_NAMES["test_labels"]).unlink()
    cached_mnist(tmp_path, [real_images])
    local_mnist(folder)


def test_the_next_way_is_tried_and_the_failure_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        cached_mnist(tmp_path, [unreachable, small_images, real_images])
    failures = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert failures[0] == "MNIST: the network is down"
    assert "is not MNIST's" in failures[1]
    local_mnist(tmp_path / "mnist")


def test_when_every_way_fails_one_line_says_why_and_how_to_mend(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        cached_mnist(tmp_path, [unreachable])
    assert str(caught.value) == (
        "MNIST could not be fetched (the network is down); put train-images-idx3-ubyte, "
        "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (or .gz) into a "
        "folder and set data.dir=FOLDER"
    )
    assert not (tmp_path / "mnist").exists()


FETCH_AND_COUNT = """
import sys, time
from pathlib import Path
from core.data.idx import read_folder
from core.data.mnist import cached_mnist
cache, source = map(Path, sys.argv[1:])

def arrival():
    with (cache / "fetched").open("a") as file:
        file.write("once\\n")
    time.sleep(0.3)
    return read_folder(source)

print(len(cached_mnist(cache, [arrival]).train_labels))
"""


def test_processes_that_start_at_once_fetch_it_once(tmp_path: Path) -> None:
    real_images()
    command = (sys.executable, "-c", FETCH_AND_COUNT, tmp_path, shared_cache() / "mnist")
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in processes] == ["60000"] * 3
    assert (tmp_path / "fetched").read_text() == "once\n"
