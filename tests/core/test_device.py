import pytest
import torch

from core.device import Device, choose_device, explaining_exhaustion
from core.errors import ConfigError, RetrainError

HAS_CUDA = torch.cuda.is_available()
EXHAUSTED = (
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.10 GiB of "
    "which 1.02 GiB is free. Including non-PyTorch memory, this process has 78.08 GiB\nin use."
)


def test_the_processor_can_always_be_chosen() -> None:
    assert choose_device(Device.cpu) == torch.device("cpu")


def test_auto_takes_a_gpu_where_there_is_one() -> None:
    assert choose_device(Device.auto).type == ("cuda" if HAS_CUDA else "cpu")


@pytest.mark.skipif(HAS_CUDA, reason="this machine has a usable GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"device must be auto or cpu .*, but got cuda"):
        choose_device(Device.cuda)


def test_exhausted_memory_says_how_much_and_what_to_do() -> None:
    with (
        pytest.raises(RetrainError) as caught,
        explaining_exhaustion("retrain.batch_size", 256),
    ):
        raise torch.OutOfMemoryError(EXHAUSTED)
    assert str(caught.value) == (
        "retrain.batch_size must be small enough for the memory of the GPU, but got 256 (Tried to "
        "allocate 20.00 GiB. GPU 0 has a total capacity of 79.10 GiB of which 1.02 GiB is free); "
        "choose a smaller retrain.batch_size, or device=cpu"
    )


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), explaining_exhaustion("a.b", 1):
        raise RuntimeError("shapes do not fit")
