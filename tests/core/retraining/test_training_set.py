"""Views of the training images, and the reference network's answers on what is really shown."""

import pytest
import torch
from torch import nn

from core.data import Split
from core.retraining import TrainingSet


class Counting(nn.Module):
    """Answers with the two halves' sums of an image, and counts the images it was asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.num_asked = 0

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.num_asked += len(inputs)
        width = inputs.shape[3]
        left, right = inputs[..., : width // 2], inputs[..., width // 2 :]
        return torch.stack([left.sum(dim=(1, 2, 3)), right.sum(dim=(1, 2, 3))], dim=1)


def one_dot(num_images: int = 3) -> Split:
    images = torch.zeros(num_images, 1, 6, 6)
    images[:, 0, 2, 1] = 1.0
    return Split(inputs=images, labels=torch.arange(num_images) % 2)


def drawn(training_set: TrainingSet, num_draws: int):
    generator = torch.Generator().manual_seed(0)
    return [training_set.draw(torch.tensor([0, 2]), generator) for _ in range(num_draws)]


def test_without_augmentation_images_are_as_they_are():
    split = one_dot()
    (batch,) = drawn(TrainingSet(split, Counting(), 1.0), 1)
    assert torch.equal(batch.inputs, split.inputs[[0, 2]])
    assert torch.equal(batch.labels, split.labels[[0, 2]])
    assert len(batch) == 2


def test_a_shift_moves_the_image_by_up_to_that_many_pixels_and_zeros_move_in():
    training_set = TrainingSet(one_dot(), Counting(), 1.0, shift=1)
    places = set()
    for batch in drawn(training_set, 200):
        assert batch.inputs.sum(dim=(1, 2, 3)).tolist() == [1.0, 1.0]
        places.add(tuple(batch.inputs[0, 0].nonzero()[0].tolist()))
    assert places == {(row, column) for row in (1, 2, 3) for column in (0, 1, 2)}


def test_a_flip_mirrors_left_to_right():
    training_set = TrainingSet(one_dot(), Counting(), 1.0, flip=True)
    places = {tuple(b.inputs[0, 0].nonzero()[0].tolist()) for b in drawn(training_set, 50)}
    assert places == {(2, 1), (2, 4)}


@pytest.mark.parametrize("flip", [False, True])
def test_targets_are_the_reference_s_answers_on_the_images_shown(flip):
    reference = Counting()
    training_set = TrainingSet(one_dot(), reference, 2.0, shift=1, flip=flip)
    for batch in drawn(training_set, 60):
        expected = torch.softmax(reference(batch.inputs) / 2, dim=1)
        torch.testing.assert_close(batch.targets, expected)


def test_the_reference_is_asked_once_about_each_image_in_each_view():
    reference = Counting()
    training_set = TrainingSet(one_dot(), reference, 1.0, shift=1)
    drawn(training_set, 300)
    assert reference.num_asked == 3 + 2 * 8  # all as they are, then two images in eight views
