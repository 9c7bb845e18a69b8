"""A compression that is left before any step and taken up elsewhere ends with the same bytes."""

import pickle
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoint import Journal, fill, from_bytes, to_bytes
from core.compress import CompressConfig, compress
from core.errors import CheckpointError
from core.methods import MethodConfig, MethodName, PruningConfig
from core.outcome import CompressionOutcome, EpochReport
from core.post_processing import PostProcessingConfig
from core.prior import PriorConfig, PriorForm
from core.retraining import RetrainConfig
from core.shrinking import ShrinkingConfig
from tests.data_sets import small_data, small_reference

DEFAULT = MethodName.soft_weight_sharing
TRAINING = [name for name in MethodName if name not in (DEFAULT, MethodName.low_precision)]
"""The other methods that train, and so can be left in the middle."""


class Left(Exception):  # noqa: N818 a wish and no error
    """A compression was left."""


@dataclass
class Leaving:
    """Has a compression left before its n-th step since it was begun or taken up."""

    steps: int
    last: bytes | None = None
    asked: int = 0

    def due(self) -> bool:
        self.asked += 1
        return self.asked > self.steps

    def keep(self, checkpoint: bytes) -> None:
        self.last = checkpoint
        raise Left


@dataclass
class Course:
    """A compression that is left every so many steps until it is through."""

    config: CompressConfig
    reports: list[EpochReport] = field(default_factory=list)

    def run(self, checkpoints: Leaving | None) -> CompressionOutcome:
        reports = self.reports.append
        return compress(small_reference(), small_data(), self.config, reports, checkpoints)

    def run_in_pieces(self, steps: int) -> tuple[CompressionOutcome, int]:
        checkpoints, times_left = Leaving(steps), 0
        while True:
            try:
                return self.run(checkpoints), times_left
            except Left:
                checkpoints, times_left = Leaving(steps, checkpoints.last), times_left + 1


def small_config(method: MethodName = DEFAULT) -> CompressConfig:
    return CompressConfig(
        method=MethodConfig(name=method, magnitude_pruning=PruningConfig(sparsity=0.9, interval=7)),
        prior=PriorConfig(num_components=5),
        retrain=RetrainConfig(num_epochs=3, batch_size=100, tau=0.05, stop_hopeless=False),
        post_processing=PostProcessingConfig(fine_tuning_epochs=3),
    )


def elaborate_config() -> CompressConfig:
    config = small_config()
    config.prior = replace(config.prior, form=PriorForm.sampled, num_sampled=5000)
    config.retrain = replace(config.retrain, augment_shift=1, mask_from=0.5, bfloat16=True)
    config.shrinking = ShrinkingConfig(units=[60, 40], num_stages=2, num_epochs=3, equalise=True)
    config.post_processing = replace(config.post_processing, num_centroids=None)
    return config


@pytest.mark.parametrize(
    ("course", "steps"),
    [
        (Course(small_config()), 29),
        (Course(elaborate_config()), 31),
        *((Course(small_config(name)), 29) for name in TRAINING),
    ],
    ids=["plain", "elaborate", *(name.value for name in TRAINING)],
)
def test_a_compression_in_pieces_ends_as_one_in_one_piece(course: Course, steps: int) -> None:
    whole = course.run(None)
    expected, course.reports = course.reports, []
    pieced, times_left = course.run_in_pieces(steps)
    assert times_left >= 4
    assert pieced.file == whole.file
    assert replace(pieced, trace=None, seconds=0.0) == replace(whole, trace=None, seconds=0.0)
    assert (pieced.trace is None) == (whole.trace is None)
    if pieced.trace is not None and whole.trace is not None:
        assert pieced.trace.to_bytes() == whole.trace.to_bytes()
    seconds = [report.seconds for report in course.reports]
    assert seconds == sorted(seconds)  # the clock stands still while it is left
    timeless = [replace(report, seconds=0.0) for report in course.reports]
    assert timeless == [replace(report, seconds=0.0) for report in expected]


def left_after(steps: int, config: CompressConfig) -> bytes:
    checkpoints = Leaving(steps)
    with pytest.raises(Left):
        Course(config).run(checkpoints)
    assert checkpoints.last is not None
    return checkpoints.last


def test_a_checkpoint_of_another_compression_is_refused() -> None:
    other = small_config()
    other.retrain = replace(other.retrain, seed=1)
    with pytest.raises(CheckpointError, match="another compression"):
        Course(small_config()).run(Leaving(0, left_after(3, other)))


@pytest.mark.parametrize("damage", ["cut", "emptied", "nonsense"])
def test_a_damaged_checkpoint_is_refused_in_one_line(damage: str) -> None:
    whole = left_after(3, small_config())
    damaged = {"cut": whole[: len(whole) // 2], "emptied": b"", "nonsense": b"x" * 1000}[damage]
    with pytest.raises(CheckpointError) as raised:
        Course(small_config()).run(Leaving(0, damaged))
    assert "\n" not in str(raised.value)


class Harmful:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    content = pickle.dumps(Harmful(tmp_path / "harm"))
    with pytest.raises(CheckpointError):
        Course(small_config()).run(Leaving(0, content))
    assert not (tmp_path / "harm").exists()


def test_a_checkpoint_without_its_parts_is_refused() -> None:
    state = from_bytes(left_after(3, small_config()))
    del state["begun"]["retrain"]["optimiser"]
    with pytest.raises(CheckpointError, match="optimiser"):
        Course(small_config()).run(Leaving(0, to_bytes(state)))


def test_a_state_survives_its_bytes() -> None:
    state = {
        "numbers": [1, 0.1, float("inf"), None, True, "text"],
        "tensors": {
            "transposed": torch.arange(6.0).reshape(2, 3).T,
            "scalar": torch.tensor(2.0, dtype=torch.float64),
            "none": torch.zeros(0, dtype=torch.int32),
            "mask": torch.tensor([True, False]),
        },
    }
    again = from_bytes(to_bytes(state))
    assert again["numbers"] == state["numbers"]
    for name, tensor in state["tensors"].items():  # type: ignore[union-attr] # a dictionary
        assert again["tensors"][name].dtype == tensor.dtype
        np.testing.assert_array_equal(again["tensors"][name].numpy(), tensor.numpy())


def test_numbers_for_another_shape_are_refused() -> None:
    with pytest.raises(CheckpointError, match=r"\(1,\) numbers for \(3,\)"):
        fill(torch.zeros(3), torch.ones(1))


def test_nothing_is_asked_of_a_journal_that_nobody_wants() -> None:
    journal = Journal()

    def never() -> dict[str, object]:
        raise AssertionError("nobody wants this")

    journal.finish("part", never)
    journal.keep_if_due("part", never)
