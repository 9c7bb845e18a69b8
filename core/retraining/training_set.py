"""The training examples with the reference network's answers, as they are or moved a little.

What a shift does to an image is the same for every network, so the reference network answers each
shifted image once, when it is first met, and its answer is kept.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from core.data import Split

EVALUATION_BATCH = 2500


@dataclass(frozen=True)
class Batch:
    """Training examples of one step.

    Attributes:
        inputs: as the network sees them.
        labels: class of each.
        targets: the reference network's softmax on each of these inputs.
    """

    inputs: Float[Tensor, "batch channels height width"]
    labels: Int[Tensor, " batch"]
    targets: Float[Tensor, "batch classes"]

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.labels)


class TrainingSet:
    """A training set and the reference network that answers for it.

    Attributes:
        split: inputs and labels.
        views: the ways an image can be seen: whether mirrored, and where its top left corner lies
            in the image padded with zeros. The first is the image as it is.
    """

    def __init__(
        self,
        split: Split,
        reference: nn.Module,
        temperature: float,
        shift: int = 0,
        flip: bool = False,
    ) -> None:
        """Take the reference network's answers on all examples as they are.

        Args:
            split: inputs and labels.
            reference: the network that is asked; put into evaluation mode.
            temperature: temperature of its softmax.
            shift: images are moved by up to so many pixels each way; zeros move in.
            flip: whether half of the batches are mirrored left to right.
        """
        self.split = split
        self._reference = reference.eval()
        self._temperature = temperature
        self._padded = functional.pad(split.inputs, (shift,) * 4) if shift else split.inputs
        places = [(shift, shift)] + [
            (top, left)
            for top in range(2 * shift + 1)
            for left in range(2 * shift + 1)
            if (top, left) != (shift, shift)
        ]
        self.views = [
            (mirrored, *place)
            for mirrored in ((False, True) if flip else (False,))
            for place in places
        ]
        whole = torch.cat([self._ask(inputs) for inputs in split.inputs.split(EVALUATION_BATCH)])
        self._targets = whole.new_zeros(len(self.views), *whole.shape)
        self._targets[0] = whole
        self._known = torch.zeros(
            len(self.views), len(split), dtype=torch.bool, device=whole.device
        )
        self._known[0] = True

    def __len__(self) -> int:
        """Number of training examples."""
        return len(self.split)

    def as_it_is(self, examples: Int[Tensor, " batch"]) -> Batch:
        """Return examples as they are."""
        return self._batch(examples, 0)

    def draw(self, examples: Int[Tensor, " batch"], generator: torch.Generator) -> Batch:
        """Return a batch in a view drawn at random, one for the whole batch.

        Args:
            examples: indices of the examples.
            generator: the view is drawn from it.
        """
        view = 0
        if len(self.views) > 1:
            view = int(torch.randint(len(self.views), (), generator=generator))
        return self._batch(examples, view)

    def _batch(self, examples: Tensor, view: int) -> Batch:
        examples = examples.to(self.split.labels.device)
        inputs = self._seen(examples, view)
        unknown = ~self._known[view, examples]
        if bool(unknown.any()):
            self._targets[view, examples[unknown]] = self._ask(inputs[unknown])
            self._known[view, examples] = True
        return Batch(inputs, self.split.labels[examples], self._targets[view, examples])

    def _seen(self, examples: Tensor, view: int) -> Tensor:
        mirrored, top, left = self.views[view]
        height, width = self.split.inputs.shape[2:]
        inputs = self._padded[examples]
        if inputs.shape[2:] != (height, width):
            inputs = inputs[:, :, top : top + height, left : left + width].contiguous()
        if mirrored:
            inputs = inputs.flip(3)
        # Convolutions and pooling are half as fast again on channels that lie side by side.
        return inputs.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def _ask(self, inputs: Tensor) -> Tensor:
        return torch.softmax(self._reference(inputs) / self._temperature, dim=1)
