"""The views of an image that are as good as the image itself: moved a little, or mirrored.

Source: the light augmentation of Zagoruyko & Komodakis 2016, §3, after Lee et al. 2015: crops out
of a padded image and horizontal mirror images; here the padding is black.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad


def num_views(shift: int, flip: bool) -> int:
    """Return how many views an image has: all shifts of up to ``shift`` pixels, mirrored or not."""
    return (2 * shift + 1) ** 2 * (1 + flip)


def draw_views(
    num_images: int, shift: int, flip: bool, generator: torch.Generator
) -> Int[Tensor, " batch"]:
    """Draw a view for each image, each as likely as any other; 0 is the image as it is.

    Args:
        num_images: how many.
        shift: most pixels by which an image moves along each axis.
        flip: whether images are mirrored left to right, too.
        generator: a generator on the processor; its state alone decides what is drawn, so that
            images on a graphics card are moved alike.
    """
    return torch.randint(num_views(shift, flip), (num_images,), generator=generator)


def seen(
    inputs: Float[Tensor, "batch channels height width"], views: Int[Tensor, " batch"], shift: int
) -> Float[Tensor, "batch channels height width"]:
    """Return each image in a view of its own.

    Args:
        inputs: the images; zero is black. Left as they are.
        views: a view for each, of those that ``draw_views`` draws with this ``shift``; the second
            half of them is mirrored.
        shift: most pixels by which an image moves along each axis. What moves in is black.
    """
    num_images, _, height, width = inputs.shape
    side = 2 * shift + 1
    views = views.to(inputs.device)
    mirrored = (views >= side**2).nonzero()[:, 0]
    if len(mirrored) > 0:
        inputs = inputs.index_copy(0, mirrored, inputs[mirrored].flip(3))
    if shift == 0:
        return inputs
    places = (views + side**2 // 2) % side**2  # the middle one first
    padded = pad(inputs, (shift, shift, shift, shift))
    # every crop of every image, as a view; one crop of each is copied
    crops = padded.unfold(2, height, 1).unfold(3, width, 1)
    every = torch.arange(num_images, device=inputs.device)
    chosen: Tensor = crops[every, :, places // side, places % side]
    return chosen


def augment(
    inputs: Float[Tensor, "batch channels height width"],
    shift: int,
    flip: bool,
    generator: torch.Generator,
) -> Float[Tensor, "batch channels height width"]:
    """Return each image in a view drawn at random; see ``draw_views`` and ``seen``."""
    return seen(inputs, draw_views(len(inputs), shift, flip, generator), shift)
