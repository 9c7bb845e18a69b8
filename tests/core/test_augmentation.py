import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from core.augmentation import augment


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def every_variant(image: Tensor, shift: int, flip: bool) -> list[Tensor]:
    """All images that one image may become, made by slices."""
    _, height, width = image.shape
    variants = []
    for mirrored in [image, image.flip(2)] if flip else [image]:
        for down in range(-shift, shift + 1):
            for right in range(-shift, shift + 1):
                moved = torch.zeros_like(image)
                moved[:, max(0, down) : height + down, max(0, right) : width + right] = mirrored[
                    :, max(0, -down) : height - down, max(0, -right) : width - right
                ]
                variants.append(moved)
    return variants


@given(
    shape=st.tuples(st.integers(0, 5), st.integers(1, 3), st.integers(3, 6), st.integers(3, 6)),
    shift=st.integers(0, 2),
    flip=st.booleans(),
    seed=st.integers(0, 99),
)
def test_each_image_is_one_of_its_variants(
    shape: tuple[int, int, int, int], shift: int, flip: bool, seed: int
) -> None:
    inputs = torch.rand(shape)
    augmented = augment(inputs, shift, flip, draws(seed))
    assert augmented.shape == inputs.shape
    for image, found in zip(inputs, augmented, strict=True):
        assert any(torch.equal(found, other) for other in every_variant(image, shift, flip))


def test_every_variant_is_drawn_equally_often() -> None:
    image = torch.rand(1, 3, 3)
    augmented = augment(image.expand(9000, 1, 3, 3), 1, True, draws())
    variants = torch.stack(every_variant(image, 1, True))
    counts = (augmented[:, None] == variants).flatten(2).all(2).sum(0)
    assert counts.sum() == 9000
    assert ((counts - 500).abs() < 110).all()  # five standard deviations


def test_the_generator_alone_decides_and_the_inputs_stay() -> None:
    inputs = torch.rand(20, 3, 8, 8)
    before = inputs.clone()
    first, second, other = (augment(inputs, 2, True, draws(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(inputs, before)
