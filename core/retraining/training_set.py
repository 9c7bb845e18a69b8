"""The training examples with the reference network's answers, as they are or moved a little.

What a shift does to an image is the same for every network, so the reference network answers each
shifted image once, when it is first met, and its answer is kept.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from core.augmentation import draw_views, num_views, seen
from core.checkpoint import State, fill
from core.data import Split
from core.errors import require

IMAGE_AXES = 4  # (batch, channels, height, width)


@dataclass(frozen=True)
class Batch:
    """Training examples of one step.

    Attributes:
        inputs: as the network sees them.
        labels: class of each, or what else is to be answered.
        targets: the reference network's softmax on each of these inputs; where labels are no
            classes its answers.
    """

    inputs: Shaped[Tensor, "batch *values"]
    labels: Shaped[Tensor, "batch *answers"]
    targets: Float[Tensor, "batch *outputs"]

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.labels)


@dataclass(frozen=True)
class Variances:
    """Mean squared distance from the mean, over all numbers of an answer; positive.

    Attributes:
        labels: of what is to be answered; 1 where that is no floats.
        answers: of what the reference network answers.
    """

    labels: float
    answers: float


class TrainingSet:
    """A training set and the reference network that answers for it.

    Attributes:
        split: inputs and labels.
    """

    def __init__(
        self,
        split: Split,
        reference: nn.Module,
        temperature: float,
        shift: int = 0,
        flip: bool = False,
        group: str = "retrain",
    ) -> None:
        """Take the reference network's answers on all examples as they are.

        Args:
            split: inputs and labels.
            reference: the network that is asked; put into evaluation mode.
            temperature: temperature of its softmax.
            shift: images are moved by up to so many pixels each way; black moves in.
            flip: whether images are mirrored left to right, too.
            group: configuration group of the two, to name a mistake by.

        Raises:
            ConfigError: inputs are to be moved or mirrored that are no images.
        """
        axes = "x".join(map(str, split.inputs.shape[1:])) or "single numbers"
        are_images = split.inputs.dim() == IMAGE_AXES and split.inputs.is_floating_point()
        for key, asked in (("augment_shift", shift > 0), ("augment_flip", flip)):
            rule = "off for inputs that are no images (channels x height x width)"
            require(are_images or not asked, f"{group}.{key}", rule, axes)
        self.split = split
        self._reference = reference.eval()
        self._temperature = temperature
        self._shift, self._flip = shift, flip
        parts = split.inputs.split(split.evaluation_batch)
        whole = torch.cat([self._ask(inputs) for inputs in parts])
        views = num_views(shift, flip)
        self._targets = whole.new_zeros(views, *whole.shape)
        self._targets[0] = whole
        self._known = torch.zeros(views, len(split), dtype=torch.bool, device=whole.device)
        self._known[0] = True

    def __len__(self) -> int:
        """Number of training examples."""
        return len(self.split)

    def as_it_is(self, examples: Int[Tensor, " batch"]) -> Batch:
        """Return examples as they are."""
        return self._batch(examples, torch.zeros_like(examples))

    def draw(self, examples: Int[Tensor, " batch"], generator: torch.Generator) -> Batch:
        """Return examples, each in a view drawn at random.

        Args:
            examples: indices of the examples.
            generator: the views are drawn from it.
        """
        if len(self._known) == 1:
            return self.as_it_is(examples)
        views = draw_views(len(examples), self._shift, self._flip, generator)
        return self._batch(examples, views)

    def variances(self) -> Variances:
        """Return the variances of labels and answers on the examples as they are."""
        labels = self.split.labels
        return Variances(
            labels=_variance(labels) if labels.is_floating_point() else 1.0,
            answers=_variance(self._targets[0]),
        )

    def state(self) -> State:
        """Return the answers on shifted images that are known so far.

        Asked again they might differ in their last bits: those depend on which images are asked
        about together.
        """
        known = self._known[1:]
        return {"known": known, "targets": self._targets[1:][known]}

    def restore(self, state: State) -> None:
        """Know the answers that another training set of the same configuration knew."""
        fill(self._known[1:], state["known"])
        known = self._known[1:]
        self._targets[1:][known] = state["targets"].to(self._targets.device)

    def _batch(self, examples: Tensor, views: Tensor) -> Batch:
        examples = examples.to(self.split.labels.device)
        views = views.to(examples.device)
        inputs = self.split.inputs[examples]
        if len(self._known) > 1:
            inputs = seen(inputs, views, self._shift)
        unknown = ~self._known[views, examples]
        if bool(unknown.any()):
            self._targets[views[unknown], examples[unknown]] = self._ask(inputs[unknown])
            self._known[views, examples] = True
        # Convolutions and pooling are half as fast again on channels that lie side by side.
        if inputs.dim() == IMAGE_AXES:
            inputs = inputs.to(memory_format=torch.channels_last)
        return Batch(inputs, self.split.labels[examples], self._targets[views, examples])

    @torch.no_grad()
    def _ask(self, inputs: Tensor) -> Tensor:
        answers: Tensor = self._reference(inputs)
        if not self.split.are_classes:
            return answers.float()
        return torch.softmax(answers / self._temperature, dim=1)


def _variance(values: Tensor) -> float:
    """Return the mean square about the mean of the examples, 1 where all are alike."""
    return float((values - values.mean(dim=0)).square().mean()) or 1.0
