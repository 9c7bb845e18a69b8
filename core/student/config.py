"""Which student learns from the reference network, and how."""

from dataclasses import dataclass, field

from core.errors import require
from core.networks.registry import NETWORKS, description


@dataclass(kw_only=True)
class StudentConfig:
    """A smaller network, trained once on the answers of the reference network, its teacher.

    Source: Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural network", section 2.

    Attributes:
        name: its name in the registry; with a factory what compressed files call it, by default
            the factory's own name; None for no student.
        factory: ``package.module:callable`` that makes a student of one's own.
        compressed: whether a trial compresses the student rather than the network; may be searched.
        units: how many units stay in each hidden layer of a student that is compressed, as
            ``shrinking.units`` says it of the network; empty keeps all.
        temperature: of the softmaxes of teacher and student where they are compared.
        mixing: share of the teacher's answers in the loss; the rest is cross-entropy with labels.
        num_labelled: training examples whose labels are used, drawn by the seed; of the others
            only the teacher's answers are. None uses all labels.
        num_epochs: passes over the training data.
        batch_size: training examples a step.
        lr: Adam's rate at the start; it falls on a cosine to zero.
        weight_decay: share of a parameter that a step takes away, times the rate.
        augment_shift: most pixels by which a training image is shifted at random along each axis;
            the teacher answers what the student sees.
        augment_flip: whether training images are mirrored left to right at random.
        bfloat16: whether products and convolutions are computed in bfloat16 (``core.precision``).
        seed: of the initial weights, the order of the batches and the views of the images.
    """

    name: str | None = None
    factory: str | None = None
    compressed: bool = False
    units: list[int] = field(default_factory=list)
    temperature: float = 4.0
    mixing: float = 0.9
    num_labelled: int | None = None
    num_epochs: int = 30
    batch_size: int = 128
    lr: float = 1.5e-3
    weight_decay: float = 0.0
    augment_shift: int = 0
    augment_flip: bool = False
    bfloat16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.factory is not None and (self.name is None or self.name in NETWORKS):
            self.name = self.factory.rpartition(":")[2]
        elif self.factory is None and self.name is not None:
            description(self.name, "student.name")
        require(
            self.name is not None or not self.compressed,
            "student.compressed",
            "false without a student",
            "true",
            "name one with student.name or student.factory",
        )
        require(all(units >= 1 for units in self.units), "student.units", ">= 1 each", self.units)
        require(self.temperature > 0, "student.temperature", "> 0", self.temperature)
        require(0 <= self.mixing <= 1, "student.mixing", "in [0, 1]", self.mixing)
        if self.num_labelled is not None:
            require(self.num_labelled >= 0, "student.num_labelled", ">= 0", self.num_labelled)
            require(
                self.num_labelled > 0 or self.mixing == 1,
                "student.mixing",
                "1 where student.num_labelled=0",
                self.mixing,
                "there is nothing else to learn from",
            )
        for name in ("num_epochs", "batch_size"):
            value = getattr(self, name)
            require(value >= 1, f"student.{name}", ">= 1", value)
        require(self.lr > 0, "student.lr", "> 0", self.lr)
        for name in ("weight_decay", "augment_shift", "seed"):
            value = getattr(self, name)
            require(value >= 0, f"student.{name}", ">= 0", value)
