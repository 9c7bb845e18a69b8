import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.load import split_images
from core.errors import ConfigError, DataError, RetrainError
from core.networks import NetworkConfig
from core.reference import (
    ReferenceConfig,
    ReferenceNetwork,
    cached_path,
    load_or_train_reference,
)
from core.reference.cache import _settings
from tests.data_sets import small_data, small_images, write_idx_folder

LENET = NetworkConfig(name="lenet_300_100")
ONE_EPOCH = ReferenceConfig(num_epochs=1)


def train_or_load(
    cache_dir: Path, config: ReferenceConfig = ONE_EPOCH
) -> tuple[ReferenceNetwork, bool]:
    epochs = []
    reference = load_or_train_reference(
        LENET, small_data(), config, cache_dir, lambda *_: epochs.append(1)
    )
    return reference, bool(epochs)


def test_it_is_trained_once(tmp_path: Path) -> None:
    first, first_trained = train_or_load(tmp_path)
    second, second_trained = train_or_load(tmp_path)
    assert (first_trained, second_trained) == (True, False)
    assert first.to_bytes() == second.to_bytes()


def test_other_settings_or_data_are_another_training(tmp_path: Path) -> None:
    train_or_load(tmp_path)
    assert train_or_load(tmp_path, replace(ONE_EPOCH, seed=1))[1]
    other = split_images("small", small_images(), 400)
    load_or_train_reference(LENET, other, ONE_EPOCH, tmp_path)
    assert len(list((tmp_path / "references").glob("*.safetensors"))) == 3


def test_what_was_trained_before_a_switch_existed_stays_known(tmp_path: Path) -> None:
    train_or_load(tmp_path)
    off = replace(ONE_EPOCH, weight_decay=0.0, augment_shift=0, augment_flip=False)
    assert not train_or_load(tmp_path, off)[1]
    assert _settings(ONE_EPOCH).keys() == {"num_epochs", "batch_size", "lr", "dropout", "seed"}
    assert _settings(replace(ONE_EPOCH, dropout=0.0, seed=0)).keys() == _settings(ONE_EPOCH).keys()
    assert _settings(replace(ONE_EPOCH, augment_flip=True))["augment_flip"] is True


def test_a_network_that_travelled_into_the_cache_is_not_trained_again(tmp_path: Path) -> None:
    there, _ = train_or_load(tmp_path / "there", replace(ONE_EPOCH, seed=1))  # another network
    path = cached_path(LENET.name, small_data(), ONE_EPOCH, tmp_path / "here")
    path.parent.mkdir(parents=True)
    path.write_bytes(there.to_bytes())
    here, trained = train_or_load(tmp_path / "here")
    assert not trained
    assert here.to_bytes() == there.to_bytes()


def test_a_network_no_better_than_chance_is_not_kept(tmp_path: Path) -> None:
    labels = small_images().train_labels.copy()
    labels[-500:] = (labels[-500:] + 1) % 10  # what is learnt is wrong on the validation images
    data = split_images("shifted", replace(small_images(), train_labels=labels), 500)
    with pytest.raises(RetrainError, match=r"must be below .* the commonest class alone"):
        load_or_train_reference(LENET, data, ONE_EPOCH, tmp_path)
    assert not list((tmp_path / "references").glob("*.safetensors"))


def test_a_damaged_file_is_named_and_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = train_or_load(tmp_path)
    (path,) = (tmp_path / "references").glob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    second, trained = train_or_load(tmp_path)
    assert trained
    assert second.to_bytes() == first.to_bytes() == path.read_bytes()
    assert f"{path} is replaced by a new training: the reference network is damaged" in caplog.text


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot be written: .* choose another folder"):
        train_or_load(tmp_path / "file")


def test_images_that_the_network_does_not_take_are_refused(tmp_path: Path) -> None:
    images = replace(
        small_images(),
        train_images=small_images().train_images[:, 4:, 2:],
        test_images=small_images().test_images[:, 4:, 2:],
    )
    data = split_images("cropped", images, 500)
    with pytest.raises(ConfigError, match=r"inputs 1x24x26 .*lenet_300_100, which takes 1x28x28"):
        load_or_train_reference(LENET, data, ONE_EPOCH, tmp_path)


def test_classes_that_the_network_does_not_know_are_refused(tmp_path: Path) -> None:
    labels = small_images().train_labels.copy()
    labels[0] = 46
    data = split_images("letters", replace(small_images(), train_labels=labels), 500)
    with pytest.raises(ConfigError, match=r"47 classes of letters, .* knows 10 classes"):
        load_or_train_reference(LENET, data, ONE_EPOCH, tmp_path)


TRAIN_AND_COUNT = """
import sys
from pathlib import Path
from core.data import DataConfig, DataSource, load_data
from core.networks import NetworkConfig
from core.reference import ReferenceConfig, load_or_train_reference
from core.runtime import use_one_thread
use_one_thread()
folder, cache = map(Path, sys.argv[1:])
data = load_data(DataConfig(source=DataSource.idx, dir=str(folder), num_validation=500), cache)
epochs = []
load_or_train_reference(
    NetworkConfig(), data, ReferenceConfig(num_epochs=4), cache, lambda *_: epochs.append(1)
)
print(len(epochs))
"""


def test_processes_that_ask_at_once_train_it_once(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "small", small_images())
    command = (sys.executable, "-c", TRAIN_AND_COUNT, folder, tmp_path / "cache")
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    epochs = sorted(process.communicate()[0].strip() for process in processes)
    assert epochs == ["0", "4"]
