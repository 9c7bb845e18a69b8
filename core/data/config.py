"""Which data set a run uses and how much of it is held out for validation."""

from dataclasses import dataclass
from enum import Enum

from core.errors import require


class DataSource(Enum):
    """Where the images come from."""

    mnist = "mnist"
    idx = "idx"


@dataclass(kw_only=True)
class DataConfig:
    """The data set of a run.

    Attributes:
        source: ``mnist``, which is fetched and verified where it is not at hand, or ``idx``, any
            folder of IDX files.
        dir: folder with the four IDX files, gzipped or not; None lets ``mnist`` be fetched.
        num_validation: how many of the training images, counted from the end, are held out to
            select on. The paper selects on training error; a held-out part is the fairer judge.
    """

    source: DataSource = DataSource.mnist
    dir: str | None = None
    num_validation: int = 10000

    def __post_init__(self) -> None:
        require(self.num_validation >= 1, "data.num_validation", ">= 1", self.num_validation)
        require(
            self.source is not DataSource.idx or self.dir is not None,
            "data.dir",
            "a folder of IDX files where data.source=idx",
            "null",
            "set data.dir=FOLDER",
        )
