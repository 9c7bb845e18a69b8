"""A finished study with one good trial, one collapsed, one stopped and one failed."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import RetrainError
from core.outcome import CompressionOutcome, OnEpoch
from core.retraining import RetrainingStopped
from search.configuration import SoftshareConfig, compose
from search.storage import open_storage
from search.study import open_study
from search.worker import Worker
from tests.data_sets import (
    SMALL_VALIDATION,
    small_images,
    small_outcome,
    small_reference,
    write_idx_folder,
)
from tests.search.studies import instant_outcome

NAME = "a study"


@dataclass(frozen=True)
class FinishedStudy:
    """A study of four trials in a database of its own.

    Attributes:
        words: what names it on a command line.
        data_words: what names its data there.
        outcome: of trial 0, the only one within the cap.
    """

    words: tuple[str, ...]
    data_words: tuple[str, ...]
    outcome: CompressionOutcome


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedStudy]:
    """The study, made once; nothing writes to it."""
    folder = tmp_path_factory.mktemp("it's a folder")
    outcome = small_outcome()
    numbers = iter(range(4))

    def compress(_config: SoftshareConfig, _on_epoch: OnEpoch) -> CompressionOutcome:
        match next(numbers):
            case 0:
                return outcome
            case 1:
                return instant_outcome(0.87, b"collapsed")
            case 2:
                raise RetrainingStopped("trapped: 40 % of the weights are non-zero")
            case _:
                raise RetrainError("the loss is not a number in step 7")

    words = (f"storage.url=sqlite:///{folder}/studies.db", f"study.name={NAME}")
    images = write_idx_folder(folder / "images", small_images())
    config = compose([*words, "study.num_trials=4", "score.max_accuracy_loss=0.5"])
    storage = open_storage(config.storage)
    study = open_study(storage, config, small_reference())
    Worker(study, compress, threading.Event()).run()
    storage.close()
    yield FinishedStudy(
        words=words,
        data_words=(
            "data=idx",
            f"data.dir={images}",
            f"data.num_validation={SMALL_VALIDATION}",
        ),
        outcome=outcome,
    )


@pytest.fixture
def sws_file(tmp_path: Path, finished_study: FinishedStudy) -> Path:
    """A compressed file."""
    path = tmp_path / "net.sws"
    path.write_bytes(finished_study.outcome.file)
    return path
