"""Which data set a run uses and how much of it is held out for validation."""

from dataclasses import dataclass
from enum import Enum

from core.errors import require


class DataSource(Enum):
    """Where the examples come from."""

    mnist = "mnist"
    idx = "idx"
    cifar10 = "cifar10"
    image_folder = "image_folder"
    factory = "factory"

    @property
    def needs_folder(self) -> bool:
        """Whether its files must lie in a folder that is named."""
        return self not in (DataSource.mnist, DataSource.factory)


@dataclass(kw_only=True)
class DataConfig:
    """The data set of a run.

    Attributes:
        source: ``mnist``, which is fetched and verified where it is not at hand, ``idx``, any
            folder of IDX files, ``cifar10``, a folder that one of its archives unpacks to,
            ``image_folder``, a folder of images by class, or ``factory``, code of one's own.
        factory: ``package.module:callable`` that returns the data (``core.data.own``); where it
            is given, the source is ``factory``.
        dir: folder with the data set's files; None lets ``mnist`` be fetched.
        num_validation: how many of the training images, counted from the end, are held out to
            select on. The paper selects on training error; a held-out part is the fairer judge.
    """

    source: DataSource = DataSource.mnist
    factory: str | None = None
    dir: str | None = None
    num_validation: int = 10000

    def __post_init__(self) -> None:
        require(self.num_validation >= 1, "data.num_validation", ">= 1", self.num_validation)
        if self.factory is not None:
            self.source = DataSource.factory
        require(
            self.source is not DataSource.factory or self.factory is not None,
            "data.factory",
            "given where data.source=factory",
            "null",
            "set data.factory=package.module:callable",
        )
        require(
            not self.source.needs_folder or self.dir is not None,
            "data.dir",
            f"the folder of its files where data.source={self.source.value}",
            "null",
            "set data.dir=FOLDER",
        )
