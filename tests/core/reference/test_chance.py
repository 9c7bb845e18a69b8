from dataclasses import replace

import pytest
import torch

from core.data import Split
from core.errors import RetrainError
from core.reference import require_better_than_chance
from tests.data_sets import small_data, small_reference

LABELS = torch.tensor([0, 3, 3, 3, 1, 3, 2, 3])
DATA = replace(small_data(), validation=Split(inputs=torch.rand(8, 1, 2, 2), labels=LABELS))


@pytest.mark.parametrize("error", [3 / 8, 0.9, 1.0, float("nan")])
def test_no_better_than_the_commonest_class_is_refused(error: float) -> None:
    with pytest.raises(RetrainError, match=r"must be below 37\.50 %, .*, but is") as caught:
        require_better_than_chance(replace(small_reference(), validation_error=error), DATA)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [0.0, 2 / 8])
def test_anything_better_will_do(error: float) -> None:
    require_better_than_chance(replace(small_reference(), validation_error=error), DATA)
