"""Random shifts and flips of images, drawn anew for every image of every batch.

Source: the light augmentation of Zagoruyko & Komodakis 2016, §3, after Lee et al. 2015: crops out
of a padded image and horizontal mirror images; here the padding is black.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad


def augment(
    inputs: Float[Tensor, "batch channels height width"],
    shift: int,
    flip: bool,
    generator: torch.Generator,
) -> Float[Tensor, "batch channels height width"]:
    """Shift each image at random, and mirror every second one or so.

    Args:
        inputs: the images; zero is black. Left as they are.
        shift: most pixels by which an image moves along each axis; every shift from ``-shift`` to
            ``shift`` is as likely as any other. What moves in is black.
        flip: whether an image is mirrored left to right with probability a half.
        generator: a generator on the processor; its state alone decides what is drawn, so that
            images on a graphics card are shifted alike.

    Returns:
        The augmented images; ``inputs`` themselves where nothing is to be done.
    """
    num_images, _, height, width = inputs.shape
    if flip:
        mirrored = (torch.rand(num_images, generator=generator) < 0.5).nonzero()[:, 0]
        mirrored = mirrored.to(inputs.device)
        inputs = inputs.index_copy(0, mirrored, inputs[mirrored].flip(3))
    if shift > 0:
        offsets = torch.randint(2 * shift + 1, (2, num_images), generator=generator)
        down, right = offsets.to(inputs.device)
        padded = pad(inputs, (shift, shift, shift, shift))
        # every crop of every image, as a view; one crop of each is copied
        crops = padded.unfold(2, height, 1).unfold(3, width, 1)
        inputs = crops[torch.arange(num_images, device=inputs.device), :, down, right]
    return inputs
